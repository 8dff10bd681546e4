#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <zlib.h>

#include "base/error.h"
#include "pictures/formats/picture_info_formats.h"
#include "pictures/picture_kind.h"

namespace zanime::pictures {
namespace {

constexpr size_t kMaxTextBytes = 64u << 20;

// Walks the chunks of a PNG (W3C Portable Network Graphics, second edition, section 5.3).
class PngTextReader {
 public:
  PngTextReader(std::string_view bytes, const std::string& name) : rest_(bytes), name_(name) {}

  PictureInfo read() {
    rest_.remove_prefix(kPngSignature.size());
    for (bool first = true;; first = false) {
      const Chunk chunk = next_chunk();
      if (first != (chunk.type == "IHDR")) fail("is damaged: a PNG begins with one IHDR chunk");
      if (chunk.type == "IHDR") read_header(chunk.data);
      if (chunk.type == "tEXt") read_latin1_text(chunk.data);
      if (chunk.type == "zTXt") read_compressed_text(chunk.data);
      if (chunk.type == "iTXt") read_international_text(chunk.data);
      if (chunk.type == "IEND") return std::move(info_);
    }
  }

 private:
  struct Chunk {
    std::string_view type;
    std::string_view data;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::kFile, name_ + ": " + what);
  }
  [[noreturn]] void fail_truncated() const {
    fail("ends before the picture does; copy or download it again");
  }

  static uint32_t big_endian(std::string_view bytes) {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = (value << 8) | static_cast<uint8_t>(bytes[i]);
    return value;
  }

  Chunk next_chunk() {
    if (rest_.size() < 12) fail_truncated();
    const uint64_t length = big_endian(rest_);
    if (length > rest_.size() - 12) fail_truncated();
    const std::string_view type_and_data = rest_.substr(4, 4 + length);
    const uint32_t stored = big_endian(rest_.substr(8 + length));
    const uLong computed =
        crc32_z(0, reinterpret_cast<const Bytef*>(type_and_data.data()), type_and_data.size());
    if (stored != computed) fail("is damaged: the checksum of a chunk does not match");
    rest_.remove_prefix(12 + length);
    return {type_and_data.substr(0, 4), type_and_data.substr(4)};
  }

  void read_header(std::string_view data) {
    if (data.size() != 13) fail("is damaged: its IHDR chunk has the wrong size");
    info_.width = big_endian(data);
    info_.height = big_endian(data.substr(4));
    if (info_.width < 1 || info_.height < 1 || info_.width > INT32_MAX ||
        info_.height > INT32_MAX) {
      fail("is damaged: its width or height is not a size");
    }
  }

  // Takes the bytes up to a NUL from the front, and the NUL.
  std::string_view take_string(std::string_view& data) const {
    const size_t end = data.find('\0');
    if (end == std::string_view::npos) fail("is damaged: a text chunk has no keyword");
    const std::string_view text = data.substr(0, end);
    data.remove_prefix(end + 1);
    return text;
  }

  void add(std::string_view keyword, std::string text) {
    text_bytes_ += text.size();
    if (text_bytes_ > kMaxTextBytes) fail_oversized();
    info_.texts.emplace(from_latin1(keyword), std::move(text));
  }
  [[noreturn]] void fail_oversized() const {
    fail("carries more than 64 MiB of text, which no program writes for a picture");
  }

  static std::string from_latin1(std::string_view latin1) {
    std::string text;
    text.reserve(latin1.size());
    for (const char byte : latin1) {
      const auto code = static_cast<uint8_t>(byte);
      if (code < 0x80) {
        text += byte;
      } else {
        text += static_cast<char>(0xc0 | (code >> 6));
        text += static_cast<char>(0x80 | (code & 0x3f));
      }
    }
    return text;
  }

  void read_latin1_text(std::string_view data) {
    const std::string_view keyword = take_string(data);
    if (data.size() > kMaxTextBytes) fail_oversized();
    add(keyword, from_latin1(data));
  }

  void read_compressed_text(std::string_view data) {
    const std::string_view keyword = take_string(data);
    if (data.empty() || data[0] != 0) fail("is damaged: a text is packed in an unknown way");
    add(keyword, from_latin1(inflate_text(data.substr(1))));
  }

  void read_international_text(std::string_view data) {
    const std::string_view keyword = take_string(data);
    if (data.size() < 2) fail("is damaged: a text chunk ends early");
    const bool compressed = data[0] != 0;
    if (compressed && data[1] != 0) fail("is damaged: a text is packed in an unknown way");
    data.remove_prefix(2);
    take_string(data);  // language
    take_string(data);  // translated keyword
    if (data.size() > kMaxTextBytes) fail_oversized();
    add(keyword, compressed ? inflate_text(data) : std::string(data));
  }

  std::string inflate_text(std::string_view packed) const {
    z_stream stream = {};
    if (inflateInit(&stream) != Z_OK) throw Error(ErrorKind::kResource, "out of memory in zlib");
    struct End {
      z_stream* stream;
      ~End() { inflateEnd(stream); }
    } end{&stream};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string text;
    std::array<char, 1 << 16> piece;
    int status = Z_OK;
    while (status == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = piece.size();
      status = inflate(&stream, Z_NO_FLUSH);
      text.append(piece.data(), piece.size() - stream.avail_out);
      if (text.size() + text_bytes_ > kMaxTextBytes) fail_oversized();
    }
    if (status != Z_STREAM_END) fail("is damaged: a packed text cannot be unpacked");
    return text;
  }

  std::string_view rest_;
  const std::string& name_;
  PictureInfo info_;
  size_t text_bytes_ = 0;
};

}  // namespace

PictureInfo png_info(std::string_view bytes, const std::string& name) {
  return PngTextReader(bytes, name).read();
}

}  // namespace zanime::pictures
