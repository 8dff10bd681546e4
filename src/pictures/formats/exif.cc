// EXIF is a TIFF file in small: byte order, then a directory of 12-byte entries (TIFF 6.0, 2;
// CIPA DC-008).
#include "pictures/formats/exif.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text/utf8.h"

namespace zanime::pictures {
namespace {

using std::string_view_literals::operator""sv;

enum ExifTag : uint16_t {
  kImageDescription = 0x010e,
  kMake = 0x010f,
  kModel = 0x0110,
  kOrientation = 0x0112,
  kSoftware = 0x0131,
  kArtist = 0x013b,
  kCopyright = 0x8298,
  kExifDirectory = 0x8769,
  kUserComment = 0x9286,
};
enum ExifType : uint16_t { kByte = 1, kAscii = 2, kShort = 3, kLong = 4, kUndefined = 7 };

constexpr std::string_view kExifMark = "Exif\0\0"sv;
constexpr std::string_view kLittleEndian = "II*\0"sv, kBigEndian = "MM\0*"sv;
// Entries may all point to the same bytes.
constexpr size_t kMaxExifText = 64u << 20;

class TiffBytes {
 public:
  TiffBytes(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

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
  // Empty where it is not there as a whole.
  std::string_view part(uint64_t offset, uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset ? bytes_.substr(offset, size)
                                                                     : std::string_view();
  }

 private:
  unsigned byte(uint64_t offset) const { return static_cast<uint8_t>(bytes_[offset]); }

  std::string_view bytes_;
  bool big_endian_;
};

std::optional<TiffBytes> tiff_bytes(std::span<const std::byte> exif) {
  std::string_view bytes(reinterpret_cast<const char*>(exif.data()), exif.size());
  if (bytes.starts_with(kExifMark)) bytes.remove_prefix(kExifMark.size());
  const bool big_endian = bytes.starts_with(kBigEndian);
  if (!big_endian && !bytes.starts_with(kLittleEndian)) return std::nullopt;
  return TiffBytes(bytes, big_endian);
}

struct ExifEntry {
  uint16_t tag = 0, type = 0;
  uint32_t count = 0;
  uint64_t value_at = 0;  // of the four bytes that hold the value, or where it is
};

// The entries of the directory at `offset`, as far as they are there.
std::vector<ExifEntry> directory(const TiffBytes& tiff, std::optional<uint32_t> offset) {
  std::vector<ExifEntry> entries;
  const auto count = offset ? tiff.u16(*offset) : std::nullopt;
  for (uint64_t i = 0; count && i < *count; ++i) {
    const uint64_t at = uint64_t{*offset} + 2 + 12 * i;
    const auto tag = tiff.u16(at), type = tiff.u16(at + 2);
    const auto values = tiff.u32(at + 4);
    if (!tag || !type || !values || !tiff.u32(at + 8)) break;
    entries.push_back({*tag, *type, *values, at + 8});
  }
  return entries;
}

// The bytes of an entry whose values are bytes.
std::string_view bytes_of(const TiffBytes& tiff, const ExifEntry& entry) {
  return tiff.part(entry.count <= 4 ? entry.value_at : *tiff.u32(entry.value_at), entry.count);
}

void append_utf8(std::string& text, uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    if (code < 0x10000) {
      text += static_cast<char>(0xe0 | code >> 12);
    } else {
      text += static_cast<char>(0xf0 | code >> 18);
      text += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    }
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// UTF-16 of the byte order that has more zeros in its high bytes: writers disagree on whether the
// order is that of the block.
std::string from_utf16(std::string_view bytes) {
  size_t zeros[2] = {0, 0};
  for (size_t i = 0; i + 1 < bytes.size(); ++i) zeros[i % 2] += bytes[i] == '\0' ? 1 : 0;
  const bool big_endian = zeros[0] >= zeros[1];
  const auto unit = [&](size_t i) {
    const unsigned first = static_cast<uint8_t>(bytes[i]),
                   second = static_cast<uint8_t>(bytes[i + 1]);
    return uint32_t{big_endian ? first << 8 | second : second << 8 | first};
  };
  std::string text;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    uint32_t code = unit(i);
    if (code >= 0xd800 && code < 0xdc00 && i + 3 < bytes.size() && unit(i + 2) >= 0xdc00 &&
        unit(i + 2) < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
      i += 2;
    } else if (code >= 0xd800 && code < 0xe000) {
      code = 0xfffd;
    }
    if (code != 0 && code != 0xfeff) append_utf8(text, code);
  }
  return text;
}

// As it is where it is UTF-8, else as Latin-1; up to a NUL.
std::string to_utf8(std::string_view bytes) {
  bytes = bytes.substr(0, bytes.find('\0'));
  if (text::invalid_utf8_at(bytes) == std::string_view::npos) return std::string(bytes);
  std::string result;
  for (const char byte : bytes) append_utf8(result, static_cast<uint8_t>(byte));
  return result;
}

std::string user_comment(std::string_view bytes) {
  constexpr size_t kCodeSize = 8;
  if (bytes.size() < kCodeSize) return to_utf8(bytes);
  const std::string_view code = bytes.substr(0, kCodeSize), rest = bytes.substr(kCodeSize);
  if (code == "UNICODE\0"sv) return from_utf16(rest);
  if (code == "ASCII\0\0\0"sv || code == "\0\0\0\0\0\0\0\0"sv) return to_utf8(rest);
  return to_utf8(bytes);
}

std::string name_of(uint16_t tag) {
  switch (tag) {
    case kImageDescription:
      return "ImageDescription";
    case kMake:
      return "Make";
    case kModel:
      return "Model";
    case kSoftware:
      return "Software";
    case kArtist:
      return "Artist";
    case kCopyright:
      return "Copyright";
    default:
      return "";
  }
}

// The name of a text, whose "prompt:" or "workflow:" is taken off.
std::string take_name(uint16_t tag, std::string& text) {
  for (const std::string_view name : {"prompt"sv, "workflow"sv, "parameters"sv}) {
    const bool matches = text.size() > name.size() && text[name.size()] == ':' &&
                         std::equal(name.begin(), name.end(), text.begin(), [](char a, char b) {
                           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
                         });
    if (!matches) continue;
    const size_t start = text.find_first_not_of(' ', name.size() + 1);
    text.erase(0, start == std::string::npos ? text.size() : start);
    return std::string(name);
  }
  if (tag == kUserComment) return text.starts_with('{') ? "prompt" : "parameters";
  return name_of(tag);
}

// Numbers of the blocks that are written here are little-endian.
void put_u16(std::string& block, uint32_t value) {
  block += static_cast<char>(value & 0xff);
  block += static_cast<char>(value >> 8 & 0xff);
}
void put_u32(std::string& block, uint32_t value) {
  put_u16(block, value & 0xffff);
  put_u16(block, value >> 16);
}

// A1111's form: UTF-16, high bytes first.
std::string as_user_comment(std::string_view utf8) {
  std::string comment("UNICODE\0"sv);
  const auto put = [&](uint32_t unit) {
    comment += static_cast<char>(unit >> 8);
    comment += static_cast<char>(unit & 0xff);
  };
  for (size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<uint8_t>(utf8[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t code = length == 1 ? lead : lead & (0xffu >> (length + 1));
    if (text::invalid_utf8_at(utf8.substr(i, length)) != std::string_view::npos) {
      put(0xfffd);
      ++i;
      continue;
    }
    for (size_t k = 1; k < length; ++k)
      code = code << 6 | (static_cast<uint8_t>(utf8[i + k]) & 0x3f);
    if (code >= 0x10000) {
      put(0xd7c0 + (code >> 10));
      put(0xdc00 + (code & 0x3ff));
    } else {
      put(code);
    }
    i += length;
  }
  return comment;
}

}  // namespace

int exif_orientation(std::span<const std::byte> exif) {
  const auto tiff = tiff_bytes(exif);
  if (!tiff) return 1;
  for (const ExifEntry& entry : directory(*tiff, tiff->u32(4))) {
    if (entry.tag != kOrientation) continue;
    const auto value = tiff->u16(entry.value_at);
    return entry.type == kShort && value && *value >= 1 && *value <= 8 ? *value : 1;
  }
  return 1;
}

std::map<std::string, std::string> exif_texts(std::span<const std::byte> exif) {
  std::map<std::string, std::string> texts;
  const auto tiff = tiff_bytes(exif);
  if (!tiff) return texts;
  size_t total = 0;
  const auto add = [&](const ExifEntry& entry) {
    // Undefined by the standard; some write bytes.
    const bool is_comment =
        entry.tag == kUserComment && (entry.type == kUndefined || entry.type == kByte);
    if (entry.type != kAscii && !is_comment) return;
    const std::string_view bytes = bytes_of(*tiff, entry);
    total += bytes.size();
    if (total > kMaxExifText) return;
    std::string text = is_comment ? user_comment(bytes) : to_utf8(bytes);
    const std::string name = take_name(entry.tag, text);
    if (!name.empty() && !text.empty()) texts.emplace(name, std::move(text));
  };
  for (const ExifEntry& entry : directory(*tiff, tiff->u32(4))) {
    if (entry.tag == kExifDirectory && entry.type == kLong) {
      for (const ExifEntry& inner : directory(*tiff, tiff->u32(entry.value_at))) add(inner);
    } else {
      add(entry);
    }
  }
  return texts;
}

std::vector<std::byte> make_exif(const PictureMetadata& metadata) {
  std::string prompt;
  if (!metadata.prompt.empty()) prompt = "prompt:" + ascii_json(metadata.prompt) + '\0';
  if (prompt.size() % 2 != 0) prompt += '\0';  // what follows begins at an even place
  std::string comment;
  if (!metadata.parameters.empty()) comment = as_user_comment(without_nul(metadata.parameters));
  if (prompt.empty() && comment.empty()) return {};

  const uint32_t entries = (prompt.empty() ? 0 : 1) + (comment.empty() ? 0 : 1);
  const uint32_t prompt_at = 8 + 2 + 12 * entries + 4;
  const auto inner_at = static_cast<uint32_t>(prompt_at + prompt.size());
  std::string block(kLittleEndian);
  put_u32(block, 8);
  put_u16(block, entries);
  const auto put_entry = [&](uint16_t tag, uint16_t type, size_t count, uint32_t value) {
    put_u16(block, tag);
    put_u16(block, type);
    put_u32(block, static_cast<uint32_t>(count));
    put_u32(block, value);
  };
  if (!prompt.empty()) put_entry(kModel, kAscii, prompt.size(), prompt_at);
  if (!comment.empty()) put_entry(kExifDirectory, kLong, 1, inner_at);
  put_u32(block, 0);  // no further directory
  block += prompt;
  if (!comment.empty()) {
    put_u16(block, 1);
    put_entry(kUserComment, kUndefined, comment.size(), inner_at + 2 + 12 + 4);
    put_u32(block, 0);
    block += comment;
  }
  const auto bytes = std::as_bytes(std::span(block));
  return {bytes.begin(), bytes.end()};
}

}  // namespace zanime::pictures
