#include "tests/support/deep_pictures.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>

#include <webp/demux.h>
#include <zlib.h>

#include "pictures/picture_reader.h"

namespace zanime::testing {
namespace {

using Bytes = std::span<const std::byte>;

void require(bool is_met, const char* what) {
  if (!is_met) throw std::runtime_error(std::string("not as it should be: ") + what);
}

uint32_t big_endian_at(Bytes bytes, size_t place) {
  uint32_t value = 0;
  for (const std::byte byte : bytes.subspan(place, 4)) {
    value = value << 8 | static_cast<uint32_t>(byte);
  }
  return value;
}

template <class T>
T little_endian_at(Bytes bytes, size_t place) {
  T value;
  std::memcpy(&value, bytes.subspan(place, sizeof value).data(), sizeof value);
  return value;
}

std::string text_at(Bytes bytes, size_t place, size_t size) {
  return {reinterpret_cast<const char*>(bytes.subspan(place, size).data()), size};
}

// Up to the zero behind it; `place` moves behind that.
std::string name_at(Bytes bytes, size_t& place) {
  std::string name;
  while (bytes[place] != std::byte{0}) name += static_cast<char>(bytes[place++]);
  ++place;
  return name;
}

// [1, height, width, 3 or, with opacity, 4], each value times `factor`, rounded.
Tensor decoded_png(Bytes file, float factor) {
  const pictures::ReadPicture picture = pictures::read_picture(file, "a test's file");
  const Tensor& rgb = picture.pixels;
  const int64_t channels = picture.alpha ? 4 : 3;
  Tensor values({1, rgb.dim(1), rgb.dim(2), channels});
  for (int64_t i = 0; i < values.size(); ++i) {
    const int64_t pixel = i / channels, channel = i % channels;
    const float value =
        channel == 3 ? picture.alpha->data()[pixel] : rgb.data()[pixel * 3 + channel];
    values.data()[i] = std::round(value * factor);
  }
  return values;
}

Tensor joined_frames(const std::vector<Tensor>& frames) {
  const Tensor& first = frames.front();
  Tensor all({static_cast<int64_t>(frames.size()), first.dim(-3), first.dim(-2), first.dim(-1)});
  float* out = all.data();
  for (const Tensor& frame : frames) {
    require(frame.size() == first.size(), "frames of one size");
    out = std::copy(frame.values().begin(), frame.values().end(), out);
  }
  return all;
}

void put_big_endian(uint32_t value, std::vector<std::byte>& out) {
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::byte>(value >> shift));
}

void put_chunk(const std::string& name, Bytes data, std::vector<std::byte>& out) {
  put_big_endian(static_cast<uint32_t>(data.size()), out);
  const size_t checked = out.size();
  for (const char c : name) out.push_back(static_cast<std::byte>(c));
  out.insert(out.end(), data.begin(), data.end());
  put_big_endian(
      static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(out.data() + checked),
                                  static_cast<uInt>(out.size() - checked))),
      out);
}

}  // namespace

Tensor read_deep_png(Bytes file) { return decoded_png(file, 65535.0f); }

Tensor read_exr(Bytes file) {
  require(little_endian_at<uint32_t>(file, 0) == 20000630, "the magic number");
  require(little_endian_at<uint32_t>(file, 4) == 2, "the version");
  size_t place = 8;
  int64_t width = 0, height = 0, compression = -1;
  std::string channels;
  while (file[place] != std::byte{0}) {
    const std::string name = name_at(file, place);
    name_at(file, place);  // its type
    const auto size = static_cast<size_t>(little_endian_at<int32_t>(file, place));
    size_t value = place + 4;
    place = value + size;
    if (name == "compression") compression = static_cast<int64_t>(file[value]);
    if (name == "dataWindow") {
      width = little_endian_at<int32_t>(file, value + 8) + 1;
      height = little_endian_at<int32_t>(file, value + 12) + 1;
    }
    while (name == "channels" && file[value] != std::byte{0}) {
      channels += name_at(file, value);
      require(little_endian_at<int32_t>(file, value) == 2, "float32 channels");
      value += 16;
    }
  }
  ++place;
  require(compression == 0, "rows that are not packed");
  require(channels == "BGR" || channels == "ABGR", "the channels");
  const auto count = static_cast<int64_t>(channels.size());
  Tensor pixels({1, height, width, count});
  for (int64_t y = 0; y < height; ++y) {
    size_t row = little_endian_at<uint64_t>(file, place + static_cast<size_t>(y) * 8);
    require(little_endian_at<int32_t>(file, row) == y, "the number of a row");
    row += 8;
    for (const char channel : channels) {
      const auto target = static_cast<int64_t>(std::string("RGBA").find(channel));
      for (int64_t x = 0; x < width; ++x, row += 4) {
        pixels.data()[(y * width + x) * count + target] = little_endian_at<float>(file, row);
      }
    }
  }
  return pixels;
}

Animation read_animated_png(Bytes file) {
  Animation animation;
  std::vector<Tensor> frames;
  std::vector<std::byte> header, data;  // of the frame that is read
  uint32_t number = 0, count = 0;
  const auto finish = [&] {
    if (data.empty()) return;
    std::vector<std::byte> png(file.begin(), file.begin() + 8);
    put_chunk("IHDR", header, png);
    put_chunk("IDAT", data, png);
    put_chunk("IEND", {}, png);
    frames.push_back(decoded_png(png, 255.0f));
    data.clear();
  };
  for (size_t place = 8; place < file.size();) {
    const size_t size = big_endian_at(file, place);
    const std::string name = text_at(file, place + 4, 4);
    Bytes chunk = file.subspan(place + 8, size);
    const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(file.data() + place + 4),
                            static_cast<uInt>(size + 4));
    require(sum == big_endian_at(file, place + 8 + size), "a checksum");
    place += size + 12;
    if (name == "IHDR") header.assign(chunk.begin(), chunk.end());
    if (name == "acTL") count = big_endian_at(chunk, 0);
    if (name == "fcTL" || name == "IEND") finish();
    if (name == "fcTL" || name == "fdAT") {
      require(big_endian_at(chunk, 0) == number++, "the order of the frames");
    }
    if (name == "fcTL") {
      require(big_endian_at(chunk, 4) == big_endian_at(header, 0) &&
                  big_endian_at(chunk, 8) == big_endian_at(header, 4),
              "the size of a frame");
      const uint32_t time = big_endian_at(chunk, 20);
      animation.milliseconds.push_back(1000 * (time >> 16) / (time & 65535));
    }
    if (name == "fdAT") chunk = chunk.subspan(4);
    if (name == "fdAT" || name == "IDAT") data.insert(data.end(), chunk.begin(), chunk.end());
  }
  require(frames.size() == count, "the number of frames");
  animation.frames = joined_frames(frames);
  return animation;
}

Animation read_animated_webp(Bytes file) {
  const WebPData whole{reinterpret_cast<const uint8_t*>(file.data()), file.size()};
  WebPAnimDecoder* decoder = WebPAnimDecoderNew(&whole, nullptr);
  require(decoder != nullptr, "an animated WebP");
  WebPAnimInfo info;
  WebPAnimDecoderGetInfo(decoder, &info);
  Animation animation;
  std::vector<Tensor> frames;
  uint8_t* pixels = nullptr;
  int shown_until = 0;
  for (int64_t before = 0; WebPAnimDecoderGetNext(decoder, &pixels, &shown_until) != 0;) {
    Tensor frame({1, info.canvas_height, info.canvas_width, 3});
    for (int64_t i = 0; i < frame.size(); ++i) frame.data()[i] = pixels[i / 3 * 4 + i % 3];
    frames.push_back(frame);
    animation.milliseconds.push_back(shown_until - before);
    before = shown_until;
  }
  WebPAnimDecoderDelete(decoder);
  animation.frames = joined_frames(frames);
  return animation;
}

}  // namespace zanime::testing
