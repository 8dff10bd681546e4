// libFuzzer target: the bytes of a picture to load. Any are either a picture or an Error(kFile). A
// few of them may stand for kMaxPicturePixels: run it with -rss_limit_mb=6000
// -malloc_limit_mb=4000.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/error.h"
#include "pictures/picture_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  // A copy of exactly this size lets the address sanitizer see a read beyond the end.
  const std::vector<std::byte> bytes(begin, begin + size);
  try {
    const zanime::pictures::ReadPicture picture = zanime::pictures::read_picture(bytes, "input");
    for (const float value : picture.pixels.values()) {
      if (!(value >= 0.0f && value <= 1.0f)) std::abort();
    }
  } catch (const zanime::Error& error) {
    if (error.kind() != zanime::ErrorKind::kFile) std::abort();
  }
  return 0;
}
