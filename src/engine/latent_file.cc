#include "engine/latent_file.h"

#include <cstring>

#include "pictures/picture_name.h"
#include "weights/safetensors_writer.h"

namespace zanime::engine {

std::vector<std::byte> encode_latent(const Tensor& samples, const std::string& prompt) {
  const weights::SafetensorsLayout layout =
      weights::plan_safetensors({{"latent_tensor", DType::kF32, samples.shape()},
                                 {"latent_format_version_0", DType::kF32, Shape{0}}},
                                {{"prompt", prompt}});
  std::vector<std::byte> bytes(layout.file_size);
  std::memcpy(bytes.data(), layout.header.data(), layout.header.size());
  std::memcpy(bytes.data() + layout.offsets[0], samples.data(),
              static_cast<size_t>(samples.size()) * sizeof(float));
  return bytes;
}

std::filesystem::path save_numbered_latent(const std::filesystem::path& folder,
                                           const std::string& prefix, const Tensor& samples,
                                           const std::string& prompt) {
  // ComfyUI knows no picture size here, and fills in 0.
  return pictures::save_numbered(folder, prefix, {}, ".latent", encode_latent(samples, prompt));
}

}  // namespace zanime::engine
