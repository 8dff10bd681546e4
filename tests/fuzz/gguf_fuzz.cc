// libFuzzer target: the bytes of a GGUF file.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "checkpoints/family.h"
#include "checkpoints/open_model.h"
#include "weights/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  // A copy of exactly this size lets the address sanitizer see a read beyond the end.
  const std::vector<std::byte> bytes(begin, begin + size);
  try {
    const auto file = zanime::weights::parse_gguf("fuzz", bytes);
    for (const auto& [name, entry] : file->tensors()) file->read_float32(name);
    for (const zanime::checkpoints::ModelComponent& component :
         zanime::checkpoints::identify(*file).components) {
      zanime::checkpoints::load_component(file, component);
    }
  } catch (const zanime::Error&) {
  }
  return 0;
}
