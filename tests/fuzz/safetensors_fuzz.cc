// libFuzzer target: the bytes of a safetensors file.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/exercise_safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zanime::testing::exercise_safetensors({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
