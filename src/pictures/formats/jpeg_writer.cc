#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it first
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <jpeglib.h>

#include "base/error.h"
#include "base/log.h"
#include "pictures/formats/exif.h"
#include "pictures/picture_file.h"

namespace zanime::pictures {
namespace {

using std::string_view_literals::operator""sv;

// What a marker segment holds beside its length.
constexpr size_t kMaxSegment = 65533;

struct JpegOutput {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  std::jmp_buf on_error;
  char problem[JMSG_LENGTH_MAX] = {};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;

  JpegOutput() = default;
  JpegOutput(const JpegOutput&) = delete;
  JpegOutput& operator=(const JpegOutput&) = delete;
  ~JpegOutput() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
};

[[noreturn]] void note_jpeg_problem(j_common_ptr info) {
  auto& output = *static_cast<JpegOutput*>(info->client_data);
  info->err->format_message(info, output.problem);
  std::longjmp(output.on_error, 1);
}

void drop_jpeg_message(j_common_ptr) {}

// False with `problem` set. Nothing here has a destructor that longjmp could skip.
bool write_with_libjpeg(JpegOutput& output, const uint8_t* rgb, JDIMENSION width, JDIMENSION height,
                        int quality, const unsigned char* exif, size_t exif_size) {
  jpeg_compress_struct& info = output.info;
  info.err = jpeg_std_error(&output.errors);
  output.errors.error_exit = note_jpeg_problem;
  output.errors.output_message = drop_jpeg_message;
  info.client_data = &output;
  if (setjmp(output.on_error) != 0) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &output.bytes, &output.size);
  info.image_width = width;
  info.image_height = height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  info.optimize_coding = TRUE;
  // Colours at full size: drawings have sharp edges between them.
  info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&info, TRUE);
  if (exif_size > 0) {
    jpeg_write_marker(&info, JPEG_APP0 + 1, exif, static_cast<unsigned>(exif_size));
  }
  for (JDIMENSION y = 0; y < height; ++y) {
    auto* row = const_cast<JSAMPLE*>(rgb + size_t{3} * width * y);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

std::string exif_segment(const PictureMetadata& metadata) {
  const std::vector<std::byte> block = make_exif(metadata);
  if (block.empty()) return "";
  return std::string("Exif\0\0"sv)
      .append(reinterpret_cast<const char*>(block.data()), block.size());
}

}  // namespace

std::vector<std::byte> encode_jpeg(std::span<const uint8_t> rgb, int64_t width, int64_t height,
                                   const PictureMetadata& metadata, int quality) {
  check_stored_size(rgb, width, height);
  if (width > JPEG_MAX_DIMENSION || height > JPEG_MAX_DIMENSION) {
    throw Error(ErrorKind::kUsage, "a picture of " + std::to_string(width) + " x " +
                                       std::to_string(height) +
                                       " is too large for JPEG, which ends at 65500 pixels; write "
                                       "it as PNG");
  }
  std::string exif = exif_segment(metadata);
  if (exif.size() > kMaxSegment) {
    log_warning(
        "the graph is too large for a JPEG, which takes 64 kB beside the picture, and is "
        "left out; PNG and WebP take it");
    exif = exif_segment({.prompt = "", .parameters = metadata.parameters});
  }
  if (exif.size() > kMaxSegment) exif.clear();
  JpegOutput output;
  if (!write_with_libjpeg(output, rgb.data(), static_cast<JDIMENSION>(width),
                          static_cast<JDIMENSION>(height), quality,
                          reinterpret_cast<const unsigned char*>(exif.data()), exif.size())) {
    throw Error(ErrorKind::kResource, std::string("cannot make a JPEG: ") + output.problem);
  }
  const auto* first = reinterpret_cast<const std::byte*>(output.bytes);
  return {first, first + output.size};
}

}  // namespace zanime::pictures
