#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstring>
#include <new>

#include <png.h>

#include "base/error.h"
#include "pictures/formats/exif.h"
#include "pictures/formats/picture_formats.h"

namespace zanime::pictures {
namespace {

// What libpng's callbacks share with decode_png.
struct PngInput {
  std::span<const std::byte> rest;
  std::string problem;
  bool has_ended = false;  // in the middle
};

void read_bytes(png_structp png, png_bytep target, size_t size) {
  auto& input = *static_cast<PngInput*>(png_get_io_ptr(png));
  auto& rest = input.rest;
  if (size > rest.size()) {
    input.has_ended = true;
    png_error(png, "the file ends in the middle");
  }
  std::memcpy(target, rest.data(), size);
  rest = rest.subspan(size);
}

[[noreturn]] void note_problem(png_structp png, png_const_charp message) {
  static_cast<PngInput*>(png_get_error_ptr(png))->problem = message;
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

// The functions below return false after note_problem; nothing in them has a destructor that
// png_longjmp could skip.
bool read_header(png_structp png, png_infop info, DecodedPicture& picture) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_info(png, info);
  picture.width = png_get_image_width(png, info);
  picture.height = png_get_image_height(png, info);
  return true;
}

// What the rows hold after libpng's conversions.
struct RowFormat {
  int passes = 1;
  int channels = 3;
  bool is_wide = false;  // 16 bits a value, high byte first
  bool is_grey = false;  // of 2 to 8 bits in the file
};

// Palettes become RGBA and values of less than 8 bits grow to 8. A transparent colour becomes
// alpha.
bool choose_conversions(png_structp png, png_infop info, RowFormat& format) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  const int color = png_get_color_type(png, info);
  const int depth = png_get_bit_depth(png, info);
  const bool has_transparency = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  if (color == PNG_COLOR_TYPE_PALETTE) {
    png_set_palette_to_rgb(png);
    if (!has_transparency) png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
  }
  if (color == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
  if (has_transparency) png_set_tRNS_to_alpha(png);
  format.passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  format.channels = png_get_channels(png, info);
  format.is_wide = depth == 16;
  format.is_grey = (color & PNG_COLOR_MASK_COLOR) == 0 && depth > 1 && depth <= 8;
  return true;
}

// `done` counts the rows, of all passes.
bool read_rows(png_structp png, png_infop info, size_t row_size, int passes, uint8_t* rows,
               png_uint_32 height, volatile size_t& done) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  if (png_get_rowbytes(png, info) != row_size) png_error(png, "an unexpected row size");
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 y = 0; y < height; ++y) {
      png_read_row(png, rows + y * row_size, nullptr);
      done = done + 1;
    }
  }
  return true;
}

// What follows the rows (EXIF data may) is not worth failing for.
void read_trailer(png_structp png, png_infop info) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_read_end(png, info);
}

class PngReader {
 public:
  explicit PngReader(PngInput& input) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &input, note_problem, ignore_warning);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, &info_, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, &input, read_bytes);
    // Sizes are checked here, with a better message.
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  png_structp png() const { return png_; }
  png_infop info() const { return info_; }

 private:
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

float value_of(const uint8_t* stored, const RowFormat& format) {
  if (format.is_wide) return static_cast<float>(stored[0] * 256 + stored[1]) / 65535.0f;
  return format.is_grey ? grey_value(*stored) : static_cast<float>(*stored) / 255.0f;
}

// Grey (with or without alpha) becomes RGB.
std::vector<float> to_values(const std::vector<uint8_t>& rows, const RowFormat& format) {
  const size_t value_size = format.is_wide ? 2 : 1;
  const size_t pixel_size = value_size * static_cast<size_t>(format.channels);
  const size_t colors = format.channels <= 2 ? 1 : 3;
  const bool has_alpha = format.channels % 2 == 0;
  std::vector<float> values;
  values.reserve(rows.size() / pixel_size * (has_alpha ? 4 : 3));
  for (size_t at = 0; at + pixel_size <= rows.size(); at += pixel_size) {
    for (size_t i = 0; i < 3; ++i) {
      values.push_back(value_of(rows.data() + at + (colors == 3 ? i : 0) * value_size, format));
    }
    if (has_alpha) values.push_back(value_of(rows.data() + at + colors * value_size, format));
  }
  return values;
}

}  // namespace

namespace {

// Grey, and opaque: what a row holds that is not in the file.
void fill_with_grey(std::vector<uint8_t>& rows, const RowFormat& format) {
  std::fill(rows.begin(), rows.end(), uint8_t{128});
  if (format.channels % 2 != 0) return;
  const size_t value_size = format.is_wide ? 2 : 1;
  const size_t pixel_size = value_size * static_cast<size_t>(format.channels);
  for (size_t at = pixel_size - value_size; at < rows.size(); at += pixel_size) {
    std::fill_n(rows.begin() + static_cast<std::ptrdiff_t>(at), value_size, uint8_t{255});
  }
}

// One attempt, which takes the packed pixels from the file in portions of this many bytes.
DecodedPicture decode_png_in_portions(std::span<const std::byte> file, const std::string& name,
                                      size_t portion, bool& has_ended) {
  PngInput input{.rest = file, .problem = ""};
  const PngReader reader(input);
  png_set_compression_buffer_size(reader.png(), portion);
  const auto fail = [&] {
    throw Error(ErrorKind::kFile, name + ": this PNG is damaged: " + input.problem +
                                      "; get the file again, or save it anew");
  };

  DecodedPicture picture;
  RowFormat format;
  if (!read_header(reader.png(), reader.info(), picture)) fail();
  check_picture_size(picture.width, picture.height, name);
  if (!choose_conversions(reader.png(), reader.info(), format)) fail();
  picture.has_alpha = format.channels % 2 == 0;

  const size_t row_size = static_cast<size_t>(picture.width) *
                          static_cast<size_t>(format.channels) * (format.is_wide ? 2 : 1);
  std::vector<uint8_t> rows(row_size * static_cast<size_t>(picture.height));
  fill_with_grey(rows, format);
  volatile size_t done = 0;
  if (!read_rows(reader.png(), reader.info(), row_size, format.passes, rows.data(),
                 static_cast<png_uint_32>(picture.height), done)) {
    has_ended = input.has_ended;
    if (!has_ended || done == 0) fail();
    picture.warning = kCutPicture;
  }
  picture.values = to_values(rows, format);
  if (picture.warning.empty()) read_trailer(reader.png(), reader.info());

  png_uint_32 exif_size = 0;
  png_bytep exif = nullptr;
  if (png_get_eXIf_1(reader.png(), reader.info(), &exif_size, &exif) != 0 && exif != nullptr) {
    picture.orientation = exif_orientation(std::as_bytes(std::span(exif, exif_size)));
  }
  return picture;
}

}  // namespace

DecodedPicture decode_png(std::span<const std::byte> file, const std::string& name) {
  // libpng does without a portion that is not whole. So a file that ends in the middle is read once
  // more byte by byte.
  constexpr size_t kPortion = 8192;
  bool has_ended = false;
  try {
    DecodedPicture picture = decode_png_in_portions(file, name, kPortion, has_ended);
    if (!has_ended) return picture;
  } catch (const Error&) {
    if (!has_ended) throw;
  }
  return decode_png_in_portions(file, name, 1, has_ended);
}

}  // namespace zanime::pictures
