#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <zlib.h>

#include "pictures/animation.h"
#include "pictures/picture_file.h"

namespace zanime::pictures {
namespace {

constexpr size_t kSignatureBytes = 8;

void put_big_endian(uint32_t value, std::vector<std::byte>& out) {
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::byte>(value >> shift));
}

uint32_t big_endian(std::span<const std::byte> bytes) {
  uint32_t value = 0;
  for (const std::byte byte : bytes.first(4)) value = value << 8 | static_cast<uint32_t>(byte);
  return value;
}

// One chunk of a file, with its length, name and checksum.
struct PngChunk {
  std::string_view name;
  std::span<const std::byte> data;   // without those
  std::span<const std::byte> whole;  // with them
};

// The chunks of a PNG that was made here.
std::vector<PngChunk> chunks_of(std::span<const std::byte> png) {
  std::vector<PngChunk> chunks;
  for (png = png.subspan(kSignatureBytes); !png.empty();) {
    const size_t size = big_endian(png);
    const std::span<const std::byte> whole = png.first(size + 12);
    chunks.push_back(
        {{reinterpret_cast<const char*>(whole.data()) + 4, 4}, whole.subspan(8, size), whole});
    png = png.subspan(whole.size());
  }
  return chunks;
}

void put_chunk(std::string_view name, std::span<const std::byte> data,
               std::vector<std::byte>& out) {
  put_big_endian(static_cast<uint32_t>(data.size()), out);
  const size_t checked = out.size();
  for (const char c : name) out.push_back(static_cast<std::byte>(c));
  out.insert(out.end(), data.begin(), data.end());
  const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(out.data() + checked),
                          static_cast<uInt>(out.size() - checked));
  put_big_endian(static_cast<uint32_t>(sum), out);
}

void put_animation_control(int64_t frames, std::vector<std::byte>& out) {
  std::vector<std::byte> data;
  put_big_endian(static_cast<uint32_t>(frames), data);
  put_big_endian(0, data);  // without end
  put_chunk("acTL", data, out);
}

void put_frame_control(uint32_t number, int64_t width, int64_t height, int64_t milliseconds,
                       std::vector<std::byte>& out) {
  constexpr int64_t kLongest = 65535;
  std::vector<std::byte> data;
  put_big_endian(number, data);
  put_big_endian(static_cast<uint32_t>(width), data);
  put_big_endian(static_cast<uint32_t>(height), data);
  put_big_endian(0, data);  // at the left
  put_big_endian(0, data);  // and the top
  // Two halves: the time, and how many of its units make a second.
  put_big_endian(static_cast<uint32_t>(std::min(milliseconds, kLongest)) << 16 | 1000u, data);
  data.resize(data.size() + 2);  // a frame stays until the next replaces it
  put_chunk("fcTL", data, out);
}

}  // namespace

int64_t frame_milliseconds(double frames_per_second) {
  return static_cast<int64_t>(1000.0 / frames_per_second);
}

std::vector<std::byte> encode_animated_png(const Tensor& frames, int64_t milliseconds,
                                           const PictureMetadata& metadata) {
  const int64_t count = frames.dim(0), height = frames.dim(1), width = frames.dim(2);
  std::vector<std::byte> out;
  uint32_t number = 0;
  for (int64_t i = 0; i < count; ++i) {
    const std::vector<std::byte> png =
        encode_png(frames.rows(i, 1), i == 0 ? metadata : PictureMetadata{});
    if (i == 0) out.assign(png.begin(), png.begin() + kSignatureBytes);
    bool has_control = false;
    for (const PngChunk& chunk : chunks_of(png)) {
      if (chunk.name == "IEND") continue;
      if (chunk.name != "IDAT") {
        if (i > 0) continue;
        out.insert(out.end(), chunk.whole.begin(), chunk.whole.end());
        if (chunk.name == "IHDR") put_animation_control(count, out);
        continue;
      }
      if (!has_control) put_frame_control(number++, width, height, milliseconds, out);
      has_control = true;
      if (i == 0) {
        out.insert(out.end(), chunk.whole.begin(), chunk.whole.end());
        continue;
      }
      std::vector<std::byte> data;
      put_big_endian(number++, data);
      data.insert(data.end(), chunk.data.begin(), chunk.data.end());
      put_chunk("fdAT", data, out);
    }
  }
  put_chunk("IEND", {}, out);
  return out;
}

}  // namespace zanime::pictures
