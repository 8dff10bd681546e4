// EXIF is a TIFF file in small: byte order, then a directory of 12-byte entries (TIFF 6.0, 2;
// CIPA DC-008).
#include <array>
#include <optional>

#include "pictures/picture_formats.h"

namespace zanime::pictures {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShort = 3;

class TiffBytes {
 public:
  TiffBytes(std::span<const std::byte> bytes, bool big_endian)
      : bytes_(bytes), big_endian_(big_endian) {}

  std::optional<uint16_t> u16(uint64_t offset) const {
    if (offset + 2 > bytes_.size()) return std::nullopt;
    const unsigned first = byte(offset), second = byte(offset + 1);
    return static_cast<uint16_t>(big_endian_ ? first << 8 | second : second << 8 | first);
  }
  std::optional<uint32_t> u32(uint64_t offset) const {
    const auto first = u16(offset), second = u16(offset + 2);
    if (!first || !second) return std::nullopt;
    return big_endian_ ? uint32_t{*first} << 16 | *second : uint32_t{*second} << 16 | *first;
  }

 private:
  unsigned byte(uint64_t offset) const { return std::to_integer<unsigned>(bytes_[offset]); }

  std::span<const std::byte> bytes_;
  bool big_endian_;
};

bool starts_with(std::span<const std::byte> bytes, std::span<const char> text) {
  if (bytes.size() < text.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (bytes[i] != static_cast<std::byte>(text[i])) return false;
  }
  return true;
}

}  // namespace

int exif_orientation(std::span<const std::byte> exif) {
  static constexpr std::array<char, 6> kMark{'E', 'x', 'i', 'f', '\0', '\0'};
  static constexpr std::array<char, 4> kLittle{'I', 'I', '*', '\0'}, kBig{'M', 'M', '\0', '*'};
  if (starts_with(exif, kMark)) exif = exif.subspan(kMark.size());
  const bool big_endian = starts_with(exif, kBig);
  if (!big_endian && !starts_with(exif, kLittle)) return 1;

  const TiffBytes tiff(exif, big_endian);
  const auto directory = tiff.u32(4);
  const auto entries = directory ? tiff.u16(*directory) : std::nullopt;
  if (!entries) return 1;
  for (uint64_t i = 0; i < *entries; ++i) {
    const uint64_t entry = uint64_t{*directory} + 2 + 12 * i;
    if (tiff.u16(entry) != kOrientationTag) continue;
    const auto value = tiff.u16(entry + 8);
    const bool is_valid = tiff.u16(entry + 2) == kShort && value && *value >= 1 && *value <= 8;
    return is_valid ? *value : 1;
  }
  return 1;
}

}  // namespace zanime::pictures
