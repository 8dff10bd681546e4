// TIFF by libtiff: the first page of a file.
#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <tiffio.h>

#include "base/error.h"
#include "pictures/formats/picture_formats.h"

namespace zanime::pictures {
namespace {

// A strip of a picture that check_picture_size accepts is smaller.
constexpr tmsize_t kMaxTiffPart = tmsize_t{1} << 30;

struct TiffInput {
  std::span<const std::byte> file;
  uint64_t at = 0;
  std::string problem;  // the first one
};

TiffInput& tiff_input(thandle_t handle) { return *static_cast<TiffInput*>(handle); }

tmsize_t read_tiff_bytes(thandle_t handle, void* target, tmsize_t size) {
  TiffInput& input = tiff_input(handle);
  if (size <= 0 || input.at >= input.file.size()) return 0;
  const size_t count =
      std::min<uint64_t>(input.file.size() - input.at, static_cast<uint64_t>(size));
  std::memcpy(target, input.file.data() + input.at, count);
  input.at += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t refuse_tiff_bytes(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek_tiff(thandle_t handle, toff_t offset, int from) {
  TiffInput& input = tiff_input(handle);
  input.at = (from == SEEK_CUR ? input.at : from == SEEK_END ? input.file.size() : 0) + offset;
  return input.at;
}

int close_tiff(thandle_t) { return 0; }
toff_t tiff_size(thandle_t handle) { return tiff_input(handle).file.size(); }

int note_tiff_problem(TIFF*, void* data, const char*, const char* format, va_list arguments) {
  auto& input = *static_cast<TiffInput*>(data);
  if (input.problem.empty()) {
    std::array<char, 256> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    input.problem = text.data();
  }
  return 1;
}

int drop_tiff_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, CloseTiff>;

[[noreturn]] void fail_tiff(const TiffInput& input, const std::string& name) {
  throw Error(ErrorKind::kFile, name + ": this TIFF is damaged or of a kind that cannot be read: " +
                                    input.problem + "; save it as PNG");
}

Tiff open_tiff(TiffInput& input, const std::string& name) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(
      TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxTiffPart);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), note_tiff_problem, &input);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), drop_tiff_warning, nullptr);
  // "m": the file is not to be mapped, it is in memory.
  Tiff tiff(TIFFClientOpenExt("picture", "rm", &input, read_tiff_bytes, refuse_tiff_bytes,
                              seek_tiff, close_tiff, tiff_size, nullptr, nullptr, options.get()));
  if (tiff == nullptr) fail_tiff(input, name);
  return tiff;
}

uint16_t tiff_field(TIFF* tiff, uint32_t tag) {
  uint16_t value = 0;
  return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? value : 0;
}

struct TiffKind {
  uint16_t bits = 0, samples = 0, color = 0;
  bool has_alpha = false;
  bool is_alpha_multiplied = false;  // into the colours

  explicit TiffKind(TIFF* tiff)
      : bits(tiff_field(tiff, TIFFTAG_BITSPERSAMPLE)),
        samples(tiff_field(tiff, TIFFTAG_SAMPLESPERPIXEL)) {
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &color);
    uint16_t count = 0;
    const uint16_t* extra = nullptr;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &count, &extra);
    has_alpha = count > 0 && extra != nullptr && extra[0] != EXTRASAMPLE_UNSPECIFIED;
    is_alpha_multiplied = has_alpha && extra[0] == EXTRASAMPLE_ASSOCALPHA;
  }

  uint16_t colors() const { return color == PHOTOMETRIC_RGB ? 3 : 1; }
};

// Whether rows hold plain values of 8 or 16 bits, which keep their precision.
bool has_plain_rows(TIFF* tiff, const TiffKind& kind) {
  const uint16_t form = tiff_field(tiff, TIFFTAG_SAMPLEFORMAT);
  return TIFFIsTiled(tiff) == 0 && tiff_field(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_CONTIG &&
         (kind.bits == 8 || kind.bits == 16) && form == SAMPLEFORMAT_UINT &&
         (kind.color == PHOTOMETRIC_RGB || kind.color == PHOTOMETRIC_MINISBLACK) &&
         kind.samples >= kind.colors() && kind.samples <= 8 && !kind.is_alpha_multiplied;
}

// False where less than an eighth of the rows can be read: a few bytes can claim any number.
bool read_plain_rows(TIFF* tiff, const TiffKind& kind, DecodedPicture& picture) {
  const auto width = static_cast<size_t>(picture.width);
  const tmsize_t row_size = TIFFScanlineSize(tiff);
  const size_t value_size = kind.bits / 8;
  if (row_size < 0 || static_cast<size_t>(row_size) < width * kind.samples * value_size)
    return false;
  std::vector<uint8_t> row(static_cast<size_t>(row_size));
  const size_t colors = kind.colors();
  const auto value = [&](size_t at) {
    if (value_size == 1) return static_cast<float>(row[at]) / 255.0f;
    uint16_t wide = 0;  // libtiff has put its bytes in this machine's order
    std::memcpy(&wide, row.data() + at * 2, 2);
    return static_cast<float>(wide) / 65535.0f;
  };
  for (int64_t y = 0; y < picture.height; ++y) {
    const bool is_here = picture.warning.empty() &&
                         TIFFReadScanline(tiff, row.data(), static_cast<uint32_t>(y), 0) == 1;
    if (!is_here && y <= picture.height / 8) return false;
    if (!is_here) picture.warning = kCutPicture;
    for (size_t x = 0; x < width; ++x) {
      for (size_t i = 0; i < (kind.has_alpha ? 4u : 3u); ++i) {
        const size_t sample = i == 3 ? colors : colors == 3 ? i : 0;
        picture.values.push_back(is_here ? value(x * kind.samples + sample) : kMissingPixel[i]);
      }
    }
  }
  return true;
}

// Everything else as libtiff makes it RGB with 8 bits and alpha multiplied in.
bool read_any_rows(TIFF* tiff, const TiffKind& kind, DecodedPicture& picture) {
  std::array<char, 1024> why{};
  TIFFRGBAImage image;
  if (TIFFRGBAImageBegin(&image, tiff, 0, why.data()) != 1) return false;
  // Rows as they are stored: they are turned later, like those of other formats.
  image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
  const auto count = static_cast<size_t>(picture.width * picture.height);
  std::vector<uint32_t> pixels(count);
  const bool done = TIFFRGBAImageGet(&image, pixels.data(), static_cast<uint32_t>(picture.width),
                                     static_cast<uint32_t>(picture.height)) == 1;
  TIFFRGBAImageEnd(&image);
  if (!done) return false;
  picture.values.reserve(count * (kind.has_alpha ? 4 : 3));
  for (const uint32_t pixel : pixels) {
    const uint32_t alpha = TIFFGetA(pixel);
    const float scale = kind.has_alpha ? static_cast<float>(std::max(alpha, 1u)) : 255.0f;
    for (const uint32_t level : {TIFFGetR(pixel), TIFFGetG(pixel), TIFFGetB(pixel)}) {
      picture.values.push_back(std::min(static_cast<float>(level) / scale, 1.0f));
    }
    if (kind.has_alpha) picture.values.push_back(static_cast<float>(alpha) / 255.0f);
  }
  return true;
}

}  // namespace

DecodedPicture decode_tiff(std::span<const std::byte> file, const std::string& name) {
  TiffInput input{.file = file, .at = 0, .problem = ""};
  const Tiff tiff = open_tiff(input, name);
  uint32_t width = 0, height = 0;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  DecodedPicture picture;
  picture.width = width;
  picture.height = height;
  check_picture_size(picture.width, picture.height, name);
  const TiffKind kind(tiff.get());
  picture.has_alpha = kind.has_alpha;
  const uint16_t orientation = tiff_field(tiff.get(), TIFFTAG_ORIENTATION);
  picture.orientation = orientation >= 1 && orientation <= 8 ? orientation : 1;
  if (!(has_plain_rows(tiff.get(), kind) ? read_plain_rows(tiff.get(), kind, picture)
                                         : read_any_rows(tiff.get(), kind, picture))) {
    fail_tiff(input, name);
  }
  return picture;
}

}  // namespace zanime::pictures
