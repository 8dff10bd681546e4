#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs it first
#include <utility>
#include <vector>

#include <jerror.h>
#include <jpeglib.h>

#include "base/error.h"
#include "pictures/formats/exif.h"
#include "pictures/formats/jpeg_planes.h"
#include "pictures/formats/picture_formats.h"

namespace zanime::pictures {
namespace {

// A progressive file may hold any number of scans over the whole picture; real ones have about ten.
constexpr int kMaxScans = 200;

struct JpegState {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf on_error;
  char problem[JMSG_LENGTH_MAX] = {};
  bool is_open = false;     // the header is read
  bool has_ended = false;   // in front of its end mark
  bool lacks_data = false;  // of a scan: libjpeg fills in grey
};

JpegState& state_of(j_common_ptr info) { return *static_cast<JpegState*>(info->client_data); }

[[noreturn]] void stop(JpegState& state) { std::longjmp(state.on_error, 1); }

[[noreturn]] void note_problem(j_common_ptr info) {
  JpegState& state = state_of(info);
  info->err->format_message(info, state.problem);
  stop(state);
}

void note_message(j_common_ptr info, int level) {
  if (level >= 0) return;  // no warning
  JpegState& state = state_of(info);
  if (info->err->msg_code == JWRN_HIT_MARKER) state.lacks_data = true;
  if (info->err->msg_code != JWRN_JPEG_EOF) return;
  state.has_ended = true;
  if (state.is_open) return;
  std::snprintf(state.problem, sizeof(state.problem), "the file ends in its header");
  stop(state);
}

void drop_message(j_common_ptr) {}

void limit_scans(j_common_ptr info) {
  JpegState& state = state_of(info);
  if (state.info.input_scan_number <= kMaxScans) return;
  std::snprintf(state.problem, sizeof(state.problem), "it has more than %d scans", kMaxScans);
  stop(state);
}

// The functions below return false with `problem` set; nothing in them has a destructor that
// longjmp could skip.
bool open(JpegState& state, const unsigned char* data, size_t size) {
  state.info.err = jpeg_std_error(&state.errors);
  state.errors.error_exit = note_problem;
  state.errors.emit_message = note_message;
  state.errors.output_message = drop_message;
  state.info.client_data = &state;
  if (setjmp(state.on_error) != 0) return false;
  jpeg_create_decompress(&state.info);
  state.progress.progress_monitor = limit_scans;
  state.info.progress = &state.progress;
  jpeg_mem_src(&state.info, data, static_cast<unsigned long>(size));
  jpeg_save_markers(&state.info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&state.info, TRUE);
  state.is_open = true;
  return true;
}

// `coefficients` of each component, of the whole picture.
bool read_coefficients(JpegState& state, jvirt_barray_ptr*& coefficients) {
  if (setjmp(state.on_error) != 0) return false;
  coefficients = jpeg_read_coefficients(&state.info);
  return true;
}

// Into a plane that has room for whole blocks.
bool transform_component(JpegState& state, jvirt_barray_ptr coefficients,
                         const jpeg_component_info& component, uint8_t* values, int64_t stride) {
  if (setjmp(state.on_error) != 0) return false;
  if (component.quant_table == nullptr) {
    std::snprintf(state.problem, sizeof(state.problem), "a component is missing");
    return false;
  }
  const UINT16* quantisers = component.quant_table->quantval;
  const auto common = reinterpret_cast<j_common_ptr>(&state.info);
  for (JDIMENSION y = 0; y < component.height_in_blocks; ++y) {
    const JBLOCKARRAY row = state.info.mem->access_virt_barray(common, coefficients, y, 1, FALSE);
    for (JDIMENSION x = 0; x < component.width_in_blocks; ++x) {
      int16_t block[64];
      for (int i = 0; i < 64; ++i) block[i] = static_cast<int16_t>(row[0][x][i] * quantisers[i]);
      block[0] = static_cast<int16_t>(block[0] + 8 * 128);  // values around 128 instead of 0
      inverse_transform(block, values + 8 * (y * stride + x), stride);
    }
  }
  return true;
}

// For what FFmpeg has no rounding of its own for: libjpeg does everything.
bool start(JpegState& state) {
  if (setjmp(state.on_error) != 0) return false;
  const J_COLOR_SPACE stored = state.info.jpeg_color_space;
  // libjpeg cannot turn CMYK into RGB.
  state.info.out_color_space = stored == JCS_CMYK || stored == JCS_YCCK ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&state.info);
  return true;
}

bool read_rows(JpegState& state, uint8_t* values, size_t row_size) {
  if (setjmp(state.on_error) != 0) return false;
  while (state.info.output_scanline < state.info.output_height) {
    JSAMPROW row = values + row_size * state.info.output_scanline;
    jpeg_read_scanlines(&state.info, &row, 1);
  }
  return true;
}

class JpegReader {
 public:
  JpegReader() = default;
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&state.info); }

  JpegState state;
};

int orientation_of(const jpeg_decompress_struct& info) {
  for (jpeg_saved_marker_ptr marker = info.marker_list; marker != nullptr; marker = marker->next) {
    const auto bytes = std::as_bytes(std::span(marker->data, marker->data_length));
    // XMP data comes under the same marker, without EXIF's mark.
    if (bytes.size() > 6 && bytes[0] == std::byte{'E'} && bytes[1] == std::byte{'x'}) {
      return exif_orientation(bytes);
    }
  }
  return 1;
}

// x y / 255, rounded.
unsigned product_255(unsigned x, unsigned y) {
  const unsigned product = x * y + 128;
  return ((product >> 8) + product) >> 8;
}

// Of CMYK as Adobe's programs store it, inverted, which Pillow takes all files for.
std::vector<float> cmyk_to_rgb(const std::vector<uint8_t>& cmyk) {
  std::vector<float> rgb;
  rgb.reserve(cmyk.size() / 4 * 3);
  for (size_t i = 0; i + 3 < cmyk.size(); i += 4) {
    const unsigned light = cmyk[i + 3];
    for (size_t k = 0; k < 3; ++k) {
      const unsigned level = light - product_255(255u - cmyk[i + k], light);
      rgb.push_back(static_cast<float>(level) / 255.0f);
    }
  }
  return rgb;
}

bool is_grey(const jpeg_decompress_struct& info) {
  return info.jpeg_color_space == JCS_GRAYSCALE && info.num_components == 1;
}

// Y, Cb and Cr with the usual sizes.
bool is_plain_ycc(const jpeg_decompress_struct& info) {
  if (info.jpeg_color_space != JCS_YCbCr || info.num_components != 3) return false;
  const jpeg_component_info* parts = info.comp_info;
  for (int i = 1; i < 3; ++i) {
    if (parts[i].h_samp_factor != 1 || parts[i].v_samp_factor != 1) return false;
  }
  const int across = parts[0].h_samp_factor, down = parts[0].v_samp_factor;
  return (across == 1 && down == 1) || (across == 2 && (down == 1 || down == 2));
}

std::vector<float> grey_to_rgb(const JpegPlane& plane) {
  std::vector<float> rgb;
  rgb.reserve(static_cast<size_t>(plane.width * plane.height * 3));
  for (int64_t y = 0; y < plane.height; ++y) {
    for (int64_t x = 0; x < plane.width; ++x) rgb.insert(rgb.end(), 3, grey_value(plane.row(y)[x]));
  }
  return rgb;
}

// RGB through planes of our own; false with `problem` set.
bool decode_planes(JpegState& state, std::vector<float>& rgb) {
  jvirt_barray_ptr* coefficients = nullptr;
  if (!read_coefficients(state, coefficients)) return false;
  std::vector<JpegPlane> planes;
  for (int i = 0; i < state.info.num_components; ++i) {
    const jpeg_component_info& component = state.info.comp_info[i];
    JpegPlane plane;
    plane.width = component.downsampled_width;
    plane.height = component.downsampled_height;
    plane.stride = 8 * int64_t{component.width_in_blocks};
    plane.values.resize(static_cast<size_t>(plane.stride * 8 * component.height_in_blocks));
    if (!transform_component(state, coefficients[i], component, plane.values.data(),
                             plane.stride)) {
      return false;
    }
    planes.push_back(std::move(plane));
  }
  rgb = planes.size() == 1 ? grey_to_rgb(planes[0]) : ycc_to_rgb(planes[0], planes[1], planes[2]);
  return true;
}

// RGB as libjpeg makes it; false with `problem` set.
bool decode_with_libjpeg(JpegState& state, std::vector<float>& rgb) {
  if (!start(state)) return false;
  const size_t row_size =
      size_t{state.info.output_width} * static_cast<size_t>(state.info.output_components);
  std::vector<uint8_t> stored(row_size * state.info.output_height);
  if (!read_rows(state, stored.data(), row_size)) return false;
  if (state.info.output_components == 4) {
    rgb = cmyk_to_rgb(stored);
  } else {
    rgb.reserve(stored.size());
    for (const uint8_t level : stored) rgb.push_back(static_cast<float>(level) / 255.0f);
  }
  return true;
}

}  // namespace

namespace {

// Whether a file that has ended lacks a part of the picture, and not only its end mark.
bool is_cut(const JpegState& state) {
  if (!state.has_ended) return false;
  if (state.lacks_data || state.info.coef_bits == nullptr) return state.lacks_data;
  // Progressive: bits of coefficients that a later scan was to bring; below 0 are those of which
  // none came.
  for (int i = 0; i < state.info.num_components; ++i) {
    for (int k = 0; k < DCTSIZE2; ++k) {
      if (state.info.coef_bits[i][k] > 0) return true;
    }
  }
  return false;
}

}  // namespace

DecodedPicture decode_jpeg(std::span<const std::byte> file, const std::string& name) {
  JpegReader reader;
  JpegState& state = reader.state;
  const auto fail = [&] {
    throw Error(ErrorKind::kFile, name + ": this JPEG is damaged: " + state.problem +
                                      "; get the file again, or save it anew");
  };
  if (!open(state, reinterpret_cast<const unsigned char*>(file.data()), file.size())) fail();

  DecodedPicture picture;
  picture.width = state.info.image_width;
  picture.height = state.info.image_height;
  check_picture_size(picture.width, picture.height, name);
  picture.orientation = orientation_of(state.info);
  const bool by_planes = is_grey(state.info) || is_plain_ycc(state.info);
  if (!(by_planes ? decode_planes(state, picture.values)
                  : decode_with_libjpeg(state, picture.values))) {
    fail();
  }
  if (is_cut(state)) picture.warning = kCutPicture;
  return picture;
}

}  // namespace zanime::pictures
