#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "pictures/colour.h"
#include "pictures/deep_picture.h"

namespace zanime::pictures {
namespace {

static_assert(std::endian::native == std::endian::little, "EXR files are little-endian");

// The inverse of the HLG OETF, BT.2100-2 table 5.
float linear_of_hlg(float value) {
  constexpr float a = 0.17883277f, b = 0.28466892f, c = 0.55991073f;
  return value <= 0.5f ? value * value / 3.0f : (std::exp((value - c) / a) + b) / 12.0f;
}

float light(float value, ColourEncoding encoding) {
  switch (encoding) {
    case ColourEncoding::kSrgb:
      return srgb_to_linear(value);
    case ColourEncoding::kHlg:
      return linear_of_hlg(value);
    case ColourEncoding::kLinear:
      break;
  }
  return value;
}

class ExrBytes {
 public:
  template <class T>
  void put(const T& value) {
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof value);
  }
  // With a zero behind it.
  void put_name(std::string_view name) {
    put_text(name);
    put(uint8_t{0});
  }
  void put_text(std::string_view text) {
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), first, first + text.size());
  }
  void begin_attribute(std::string_view name, std::string_view type, size_t size) {
    put_name(name);
    put_name(type);
    put(static_cast<int32_t>(size));
  }
  template <class T>
  void put_attribute(std::string_view name, std::string_view type, const T& value) {
    begin_attribute(name, type, sizeof value);
    put(value);
  }

  std::vector<std::byte>& all() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// x and y of red, green, blue and white.
using Chromaticities = std::array<float, 8>;
constexpr Chromaticities kRec709{0.64f, 0.33f, 0.30f, 0.60f, 0.15f, 0.06f, 0.3127f, 0.3290f};
constexpr Chromaticities kRec2020{0.708f, 0.292f, 0.170f, 0.797f, 0.131f, 0.046f, 0.3127f, 0.3290f};

struct ExrChannel {
  const char* name;
  int64_t place;  // in a pixel
};

// In the alphabetical order that the format wants.
std::vector<ExrChannel> channels_of(int64_t count) {
  if (count == 4) return {{"A", 3}, {"B", 2}, {"G", 1}, {"R", 0}};
  return {{"B", 2}, {"G", 1}, {"R", 0}};
}

void put_channels(const std::vector<ExrChannel>& channels, ExrBytes& out) {
  constexpr size_t kEntry = 2 + 4 * sizeof(int32_t);
  out.begin_attribute("channels", "chlist", channels.size() * kEntry + 1);
  for (const ExrChannel& channel : channels) {
    out.put_name(channel.name);
    out.put(int32_t{2});  // float32
    out.put(int32_t{0});  // not linear to the eye
    out.put(int32_t{1});  // every column
    out.put(int32_t{1});  // every row
  }
  out.put(uint8_t{0});
}

}  // namespace

std::vector<std::byte> encode_exr(const Tensor& pixels, ColourEncoding encoding,
                                  const PictureMetadata& metadata) {
  const int64_t height = pixels.dim(-3), width = pixels.dim(-2), count = pixels.dim(-1);
  const std::vector<ExrChannel> channels = channels_of(count);
  const std::array<int32_t, 4> window{0, 0, static_cast<int32_t>(width - 1),
                                      static_cast<int32_t>(height - 1)};
  ExrBytes out;
  out.put(uint32_t{20000630});
  out.put(uint32_t{2});
  put_channels(channels, out);
  out.put_attribute("compression", "compression", uint8_t{0});
  out.put_attribute("dataWindow", "box2i", window);
  out.put_attribute("displayWindow", "box2i", window);
  out.put_attribute("lineOrder", "lineOrder", uint8_t{0});
  out.put_attribute("pixelAspectRatio", "float", 1.0f);
  out.put_attribute("screenWindowCenter", "v2f", std::array<float, 2>{0.0f, 0.0f});
  out.put_attribute("screenWindowWidth", "float", 1.0f);
  out.put_attribute("chromaticities", "chromaticities",
                    encoding == ColourEncoding::kHlg ? kRec2020 : kRec709);
  if (!metadata.prompt.empty()) {
    out.begin_attribute("prompt", "string", metadata.prompt.size());
    out.put_text(metadata.prompt);
  }
  out.put(uint8_t{0});

  const auto row_bytes = static_cast<uint64_t>(width * count) * sizeof(float);
  const uint64_t chunk_bytes = 2 * sizeof(int32_t) + row_bytes;
  const uint64_t first = out.all().size() + static_cast<uint64_t>(height) * sizeof(uint64_t);
  out.all().reserve(first + static_cast<uint64_t>(height) * chunk_bytes);
  for (int64_t y = 0; y < height; ++y) out.put(first + static_cast<uint64_t>(y) * chunk_bytes);
  for (int64_t y = 0; y < height; ++y) {
    out.put(static_cast<int32_t>(y));
    out.put(static_cast<int32_t>(row_bytes));
    for (const ExrChannel& channel : channels) {
      const float* value = pixels.data() + y * width * count + channel.place;
      for (int64_t x = 0; x < width; ++x, value += count) {
        out.put(channel.place == 3 ? *value : light(*value, encoding));
      }
    }
  }
  return std::move(out.all());
}

}  // namespace zanime::pictures
