// BMP as Windows defines it (BITMAPCOREHEADER, BITMAPINFOHEADER and its successors), with and
// without palette, in runs, and with masks for the colours.
#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "pictures/formats/picture_formats.h"

namespace zanime::pictures {
namespace {

enum BmpCompression : uint32_t {
  kBmpPlain = 0,
  kBmpRuns8 = 1,
  kBmpRuns4 = 2,
  kBmpMasks = 3,
  kBmpMasksWithAlpha = 6
};

class BmpReader {
 public:
  BmpReader(std::span<const std::byte> file, const std::string& name) : file_(file), name_(name) {}

  DecodedPicture read() {
    read_header();
    check_picture_size(picture_.width, picture_.height, name_);
    picture_.has_alpha = bits_ <= 8 || masks_[3] != 0;
    channels_ = picture_.has_alpha ? 4 : 3;
    const uint64_t needed = uint64_t{row_size()} * static_cast<uint64_t>(picture_.height);
    const uint64_t stored = file_.size() - std::min<uint64_t>(offset_, file_.size());
    if (!has_runs() && stored < row_size()) fail("it ends before its first row");
    if (!has_runs() && stored < needed) picture_.warning = kCutPicture;
    // Two bytes stand for 255 pixels of a run at most.
    const auto pixels = static_cast<uint64_t>(picture_.width * picture_.height);
    if (has_runs() && pixels / 128 > stored) fail("it is far too short for its size");
    if (has_runs()) {
      read_runs();
    } else {
      read_rows();
    }
    return std::move(picture_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kFile, name_ + ": this BMP is damaged: " + problem +
                                      "; get the file again, or save it anew");
  }

  uint32_t number(uint64_t at, int size) const {
    if (at + static_cast<uint64_t>(size) > file_.size()) fail("its header is cut short");
    uint32_t value = 0;
    for (int i = size; i-- > 0;) value = value << 8 | std::to_integer<uint32_t>(file_[at + i]);
    return value;
  }

  bool has_runs() const { return compression_ == kBmpRuns8 || compression_ == kBmpRuns4; }
  // Bytes of a row, a multiple of four.
  size_t row_size() const {
    return (static_cast<size_t>(picture_.width) * static_cast<size_t>(bits_) + 31) / 32 * 4;
  }

  void read_header() {
    offset_ = number(10, 4);
    const uint32_t header = number(14, 4);
    const bool is_core = header == 12;
    int64_t height = 0;
    if (is_core) {
      picture_.width = number(18, 2);
      height = number(20, 2);
      bits_ = static_cast<int>(number(24, 2));
    } else {
      picture_.width = static_cast<int32_t>(number(18, 4));
      height = static_cast<int32_t>(number(22, 4));
      bits_ = static_cast<int>(number(28, 2));
      compression_ = number(30, 4);
    }
    is_top_down_ = height < 0;
    picture_.height = is_top_down_ ? -height : height;
    check_kind();
    uint64_t palette = 14 + uint64_t{header};
    if (bits_ > 8) {
      // The masks are a part of longer headers, and follow the one of 40 bytes.
      const bool given = compression_ == kBmpMasks || compression_ == kBmpMasksWithAlpha;
      const bool has_alpha_mask =
          header >= 56 || (header == 40 && compression_ == kBmpMasksWithAlpha);
      if (given) {
        for (size_t i = 0; i < (has_alpha_mask ? 4u : 3u); ++i) masks_[i] = number(54 + 4 * i, 4);
      } else if (bits_ == 16) {
        masks_ = {0x7c00, 0x3e0, 0x1f, 0};
      } else {
        masks_ = {0xff0000, 0xff00, 0xff, 0};
      }
      return;
    }
    const uint32_t most = 1u << bits_;
    const uint32_t asked = is_core ? 0 : number(46, 4);
    const uint32_t count = asked == 0 || asked > most ? most : asked;
    const int entry = is_core ? 3 : 4;
    for (uint32_t i = 0; i < count; ++i, palette += static_cast<uint64_t>(entry)) {
      // A palette may be shorter than it says, up to the pixels.
      if (palette + 3 > file_.size()) break;
      palette_[i] = {level(number(palette + 2, 1)), level(number(palette + 1, 1)),
                     level(number(palette, 1)), 1.0f};
    }
  }

  void check_kind() const {
    static constexpr std::array<int, 6> kDepths{1, 4, 8, 16, 24, 32};
    const bool known_depth = std::find(kDepths.begin(), kDepths.end(), bits_) != kDepths.end();
    const bool fits = compression_ == kBmpPlain || (compression_ == kBmpRuns8 && bits_ == 8) ||
                      (compression_ == kBmpRuns4 && bits_ == 4) ||
                      ((compression_ == kBmpMasks || compression_ == kBmpMasksWithAlpha) &&
                       (bits_ == 16 || bits_ == 32));
    if (known_depth && fits) return;
    throw Error(ErrorKind::kFile, name_ + ": this BMP has " + std::to_string(bits_) +
                                      " bits a pixel in form " + std::to_string(compression_) +
                                      ", which cannot be read: save it as PNG");
  }

  static float level(uint32_t byte) { return static_cast<float>(byte) / 255.0f; }

  // The part of `pixel` that a mask of contiguous bits selects, widened to 8 bits by repeating its
  // high bits.
  static float masked(uint32_t pixel, uint32_t mask) {
    if (mask == 0) return 0.0f;
    const int shift = std::countr_zero(mask);
    const int width = std::popcount(mask);
    uint64_t value = (pixel & mask) >> shift;
    if (width >= 8) return level(static_cast<uint32_t>(value >> (width - 8)) & 0xff);
    int bits = width;
    for (; bits < 8; bits += width) value = value << width | (value & ((1u << width) - 1));
    return level(static_cast<uint32_t>(value >> (bits - 8)) & 0xff);
  }

  float* row(int64_t stored) {
    const int64_t y = is_top_down_ ? stored : picture_.height - 1 - stored;
    return picture_.values.data() + y * picture_.width * channels_;
  }

  void put(float* target, const std::array<float, 4>& color) const {
    std::copy_n(color.begin(), channels_, target);
  }

  void fill(const std::array<float, 4>& color) {
    const auto pixels = static_cast<size_t>(picture_.width * picture_.height);
    picture_.values.resize(pixels * static_cast<size_t>(channels_));
    for (size_t i = 0; i < pixels; ++i) {
      put(picture_.values.data() + i * static_cast<size_t>(channels_), color);
    }
  }

  void read_rows() {
    fill(kMissingPixel);
    for (int64_t y = 0; y < picture_.height; ++y) {
      const uint64_t start = offset_ + static_cast<uint64_t>(y) * row_size();
      if (start + row_size() > file_.size()) return;
      const std::span<const std::byte> stored = file_.subspan(start, row_size());
      float* target = row(y);
      for (int64_t x = 0; x < picture_.width; ++x, target += channels_) {
        put(target, color_at(stored, x));
      }
    }
  }

  std::array<float, 4> color_at(std::span<const std::byte> stored, int64_t x) const {
    if (bits_ <= 8) {
      const int64_t bit = x * bits_;
      const auto byte = std::to_integer<unsigned>(stored[static_cast<size_t>(bit / 8)]);
      return palette_[(byte >> (8 - bits_ - bit % 8)) & ((1u << bits_) - 1)];
    }
    const auto bytes = static_cast<size_t>(bits_ / 8);
    uint32_t pixel = 0;
    for (size_t i = bytes; i-- > 0;) {
      pixel = pixel << 8 | std::to_integer<uint32_t>(stored[static_cast<size_t>(x) * bytes + i]);
    }
    return {masked(pixel, masks_[0]), masked(pixel, masks_[1]), masked(pixel, masks_[2]),
            masks_[3] == 0 ? 1.0f : masked(pixel, masks_[3])};
  }

  // Runs may leave pixels out: they have the first colour.
  void read_runs() {
    if (offset_ >= file_.size()) fail("it ends before its first row");
    fill(palette_[0]);
    uint64_t at = offset_;
    int64_t x = 0, y = 0;
    const auto next = [&]() -> std::optional<unsigned> {
      if (at >= file_.size()) return std::nullopt;
      return std::to_integer<unsigned>(file_[at++]);
    };
    const auto put_index = [&](unsigned index) {
      if (x < picture_.width && y < picture_.height) put(row(y) + x * channels_, palette_[index]);
      ++x;
    };
    while (y < picture_.height) {
      const auto count = next(), value = next();
      if (!value) break;
      if (*count > 0) {
        for (unsigned i = 0; i < *count; ++i) put_index(index_of(*value, i));
      } else if (*value == 0) {
        x = 0;
        ++y;
      } else if (*value == 1) {
        return;
      } else if (*value == 2) {
        const auto across = next(), up = next();
        if (!up) break;
        x += *across;
        y += *up;
      } else {
        // As many pixels as they are, in whole pairs of bytes.
        const unsigned bytes = bits_ == 8 ? *value : (*value + 1) / 2;
        unsigned byte = 0;
        for (unsigned i = 0; i < *value; ++i) {
          if (bits_ == 8 || i % 2 == 0) {
            const auto stored = next();
            if (!stored) break;
            byte = *stored;
          }
          put_index(index_of(byte, i));
        }
        if (bytes % 2 != 0) next();
      }
    }
    if (y >= picture_.height) return;
    picture_.warning = kCutPicture;
    for (; y < picture_.height; ++y, x = 0) {
      for (; x < picture_.width; ++x) put(row(y) + x * channels_, kMissingPixel);
    }
  }

  // Of the pixel number `i` that a byte of runs stands for.
  unsigned index_of(unsigned byte, unsigned i) const {
    if (bits_ == 8) return byte;
    return i % 2 == 0 ? byte >> 4 : byte & 15;
  }

  std::span<const std::byte> file_;
  const std::string& name_;
  DecodedPicture picture_;
  uint64_t offset_ = 0;
  int bits_ = 0;
  int channels_ = 3;
  uint32_t compression_ = kBmpPlain;
  bool is_top_down_ = false;
  std::array<uint32_t, 4> masks_{};  // red, green, blue, alpha
  std::array<std::array<float, 4>, 256> palette_{};
};

}  // namespace

DecodedPicture decode_bmp(std::span<const std::byte> file, const std::string& name) {
  return BmpReader(file, name).read();
}

}  // namespace zanime::pictures
