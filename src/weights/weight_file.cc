#include "weights/weight_file.h"

#include "weights/gguf.h"
#include "weights/mapped_file.h"

namespace zanime {

std::shared_ptr<const SafetensorsFile> open_weight_file(const std::filesystem::path& path) {
  std::shared_ptr<const MappedFile> mapping = MappedFile::open(path);
  if (is_gguf(mapping->bytes())) return open_gguf(std::move(mapping));
  return SafetensorsFile::open(path);
}

}  // namespace zanime
