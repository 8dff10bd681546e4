// The infos of the formats that carry their texts as EXIF data.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <webp/decode.h>

#include "base/error.h"
#include "pictures/formats/exif.h"
#include "pictures/formats/picture_info_formats.h"

namespace zanime::pictures {
namespace {

using std::string_view_literals::operator""sv;

std::map<std::string, std::string> texts_of(std::string_view exif) {
  return exif_texts(std::as_bytes(std::span(exif)));
}

[[noreturn]] void fail_info(const std::string& name, const std::string& problem) {
  throw Error(ErrorKind::kFile, name + ": " + problem + "; copy or download it again");
}

// A frame header (ITU T.81, B.2.2), which has the size: SOF0 to SOF15 without DHT, JPG and DAC.
bool is_frame(uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

}  // namespace

PictureInfo jpeg_info(std::string_view bytes, const std::string& name) {
  PictureInfo info;
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(bytes[at]); };
  const auto number = [&](size_t at) { return int64_t{byte(at)} << 8 | byte(at + 1); };
  constexpr uint8_t kStartOfScan = 0xda, kExifSegment = 0xe1, kComment = 0xfe;
  size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (byte(at) != 0xff) fail_info(name, "is damaged: there is no marker where one has to be");
    const uint8_t marker = byte(at + 1);
    if (marker == 0xff) {  // fills up
      ++at;
      continue;
    }
    if (marker == kStartOfScan) break;
    const auto length = static_cast<size_t>(number(at + 2));
    if (length < 2 || length > bytes.size() - at - 2) break;
    const std::string_view segment = bytes.substr(at + 4, length - 2);
    if (is_frame(marker) && segment.size() >= 5) {
      info.height = number(at + 5);
      info.width = number(at + 7);
    } else if (marker == kExifSegment && segment.starts_with("Exif\0\0"sv)) {
      info.texts.merge(texts_of(segment));
    } else if (marker == kComment) {
      const std::string_view comment = segment.substr(0, segment.find('\0'));
      info.texts.emplace(comment.starts_with('{') ? "prompt" : "comment", comment);
    }
    at += 2 + length;
  }
  if (info.width < 1) fail_info(name, "ends before the picture begins");
  return info;
}

// A RIFF container (RFC 9649): chunks of a mark, a length and as many bytes, an even number.
PictureInfo webp_info(std::string_view bytes, const std::string& name) {
  PictureInfo info;
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), &features) !=
      VP8_STATUS_OK) {
    fail_info(name, "this WebP is damaged: its header is cut short or wrong");
  }
  info.width = features.width;
  info.height = features.height;
  for (size_t at = 12; at + 8 <= bytes.size();) {
    uint64_t length = 0;
    for (size_t i = 4; i-- > 0;) length = length << 8 | static_cast<uint8_t>(bytes[at + 4 + i]);
    if (length > bytes.size() - at - 8) break;
    if (bytes.substr(at, 4) == "EXIF") info.texts.merge(texts_of(bytes.substr(at + 8, length)));
    at += 8 + length + length % 2;
  }
  return info;
}

}  // namespace zanime::pictures
