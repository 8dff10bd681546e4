#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs it first

#include <jerror.h>
#include <jpeglib.h>

#include "base/error.h"
#include "nodes/picture_formats.h"

namespace zanime::nodes {
namespace {

// A progressive file may hold any number of scans over the whole picture; real ones have about ten.
constexpr int kMaxScans = 200;

struct JpegState {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf on_error;
  char problem[JMSG_LENGTH_MAX] = {};
};

JpegState& state_of(j_common_ptr info) { return *static_cast<JpegState*>(info->client_data); }

[[noreturn]] void stop(JpegState& state) { std::longjmp(state.on_error, 1); }

[[noreturn]] void note_problem(j_common_ptr info) {
  JpegState& state = state_of(info);
  info->err->format_message(info, state.problem);
  stop(state);
}

void note_message(j_common_ptr info, int level) {
  // Levels below 0 are warnings. Only missing data is an error; libjpeg would fill in grey.
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) {
    JpegState& state = state_of(info);
    std::snprintf(state.problem, sizeof(state.problem), "the file ends in the middle");
    stop(state);
  }
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
  return true;
}

bool start(JpegState& state) {
  if (setjmp(state.on_error) != 0) return false;
  // CMYK comes out as it is, and grey in one channel: libjpeg cannot turn these into RGB.
  const J_COLOR_SPACE stored = state.info.jpeg_color_space;
  state.info.out_color_space = stored == JCS_GRAYSCALE                    ? JCS_GRAYSCALE
                               : stored == JCS_CMYK || stored == JCS_YCCK ? JCS_CMYK
                                                                          : JCS_RGB;
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

// One pixel of `channels` values as stored -> RGB.
void store_rgb(const uint8_t* in, int channels, uint8_t* out) {
  if (channels == 1) {
    out[0] = out[1] = out[2] = in[0];
    return;
  }
  // CMYK as Adobe's programs store it, inverted, which Pillow takes all files for.
  const unsigned light = in[3];
  for (int i = 0; i < 3; ++i) {
    out[i] = static_cast<uint8_t>(light - product_255(255u - in[i], light));
  }
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
  if (!start(state)) fail();

  const int channels = state.info.output_components;
  const size_t pixels = static_cast<size_t>(picture.width * picture.height);
  std::vector<uint8_t> stored(pixels * static_cast<size_t>(channels));
  if (!read_rows(state, stored.data(),
                 static_cast<size_t>(picture.width) * static_cast<size_t>(channels))) {
    fail();
  }
  if (channels == 3) {
    picture.values = std::move(stored);
    return picture;
  }
  picture.values.resize(pixels * 3);
  for (size_t i = 0; i < pixels; ++i) {
    store_rgb(stored.data() + i * static_cast<size_t>(channels), channels,
              picture.values.data() + i * 3);
  }
  return picture;
}

}  // namespace zanime::nodes
