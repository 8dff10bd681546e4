// libFuzzer target: the bytes of a GGUF file.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "weights/family.h"
#include "weights/gguf.h"
#include "weights/model_weights.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  // A copy of exactly this size lets the address sanitizer see a read beyond the end.
  const std::vector<std::byte> bytes(begin, begin + size);
  try {
    const auto file = zanime::parse_gguf("fuzz", bytes);
    for (const auto& [name, entry] : file->tensors()) file->read_float32(name);
    for (const zanime::ModelComponent& component : zanime::identify(*file).components) {
      zanime::load_component(file, component);
    }
  } catch (const zanime::Error&) {
  }
  return 0;
}
