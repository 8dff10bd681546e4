// Any bytes are either a PNG whose texts can be read or an Error(kFile), in bounded memory.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "pictures/picture_info.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    zanime::pictures::parse_picture_info({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const zanime::Error& error) {
    if (error.kind() != zanime::ErrorKind::kFile) std::abort();
  }
  return 0;
}
