#include "engine/latent_file.h"

#include <cstring>
#include <system_error>

#include "base/error.h"
#include "base/files/atomic_file.h"
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
  const std::vector<std::byte> bytes = encode_latent(samples, prompt);
  // Another process may take a name between the look and the writing.
  for (int64_t minimum = 1;; ++minimum) {
    // ComfyUI knows no picture size here, and fills in 0.
    std::filesystem::path path = pictures::next_picture_name(folder, prefix, 0, 0, 0, minimum);
    path.replace_extension(".latent");
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) {
      throw Error(ErrorKind::kResource,
                  path.parent_path().string() + ": cannot make this folder: " + error.message());
    }
    files::AtomicFile file(path, bytes.size());
    file.write_at(0, bytes);
    if (file.commit_new()) return path;
  }
}

}  // namespace zanime::engine
