#include "weights/open_weight_file.h"

#include <utility>

#include "base/files/mapped_file.h"
#include "weights/gguf.h"
#include "weights/safetensors.h"

namespace zanime::weights {

std::shared_ptr<const WeightFile> open_weight_file(const std::filesystem::path& path) {
  std::shared_ptr<const files::MappedFile> mapping = files::MappedFile::open(path);
  return is_gguf(mapping->bytes()) ? open_gguf(std::move(mapping))
                                   : open_safetensors(std::move(mapping));
}

}  // namespace zanime::weights
