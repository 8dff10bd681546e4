// GIF (CompuServe, version 89a) by giflib: the first picture of an animation.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gif_lib.h>

#include "base/error.h"
#include "pictures/formats/picture_formats.h"

namespace zanime::pictures {
namespace {

using GifRest = std::span<const std::byte>;

int read_gif_bytes(GifFileType* gif, GifByteType* target, int size) {
  auto& rest = *static_cast<GifRest*>(gif->UserData);
  const size_t count = std::min(rest.size(), static_cast<size_t>(size));
  std::memcpy(target, rest.data(), count);
  rest = rest.subspan(count);
  return static_cast<int>(count);
}

struct CloseGif {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, CloseGif>;

[[noreturn]] void fail_gif(const std::string& name, int code) {
  const char* problem = GifErrorString(code);
  throw Error(ErrorKind::kFile, name + ": this GIF is damaged: " +
                                    (problem == nullptr ? "no picture is in it" : problem) +
                                    "; get the file again, or save it anew");
}

// Reads up to the first picture's description. Returns the index of its transparent colour, or
// NO_TRANSPARENT_COLOR.
int find_first_picture(GifFileType& gif, const std::string& name) {
  int transparent = NO_TRANSPARENT_COLOR;
  for (;;) {
    GifRecordType type;
    if (DGifGetRecordType(&gif, &type) != GIF_OK) fail_gif(name, gif.Error);
    if (type == IMAGE_DESC_RECORD_TYPE) {
      if (DGifGetImageDesc(&gif) != GIF_OK) fail_gif(name, gif.Error);
      return transparent;
    }
    if (type == TERMINATE_RECORD_TYPE) fail_gif(name, 0);
    if (type != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* block = nullptr;  // its length, then its bytes
    if (DGifGetExtension(&gif, &code, &block) != GIF_OK) fail_gif(name, gif.Error);
    while (block != nullptr) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE &&
          DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
        transparent = control.TransparentColor;
      }
      if (DGifGetExtensionNext(&gif, &block) != GIF_OK) fail_gif(name, gif.Error);
    }
  }
}

using Rgba = std::array<float, 4>;
// What FFmpeg makes of a transparent pixel.
constexpr Rgba kNothing{1, 1, 1, 0};

// The colours that indices stand for; those beyond the file's are black.
std::array<Rgba, 256> gif_palette(const ColorMapObject& colors, int transparent) {
  std::array<Rgba, 256> palette;
  palette.fill({0, 0, 0, 1});
  for (int i = 0; i < std::min(colors.ColorCount, 256); ++i) {
    const GifColorType& color = colors.Colors[i];
    palette[static_cast<size_t>(i)] = {static_cast<float>(color.Red) / 255.0f,
                                       static_cast<float>(color.Green) / 255.0f,
                                       static_cast<float>(color.Blue) / 255.0f, 1.0f};
  }
  if (transparent >= 0 && transparent < 256) palette[static_cast<size_t>(transparent)] = kNothing;
  return palette;
}

// The rows of an interlaced picture in the order they are stored.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> rows;
  if (interlaced) {
    for (const auto& [first, step] : {std::pair(0, 8), {4, 8}, {2, 4}, {1, 2}}) {
      for (int y = first; y < height; y += step) rows.push_back(y);
    }
  } else {
    for (int y = 0; y < height; ++y) rows.push_back(y);
  }
  return rows;
}

}  // namespace

DecodedPicture decode_gif(std::span<const std::byte> file, const std::string& name) {
  GifRest rest = file;
  int code = 0;
  const Gif gif(DGifOpen(&rest, read_gif_bytes, &code));
  if (gif == nullptr) fail_gif(name, code);

  DecodedPicture picture;
  picture.width = gif->SWidth;
  picture.height = gif->SHeight;
  picture.has_alpha = true;
  check_picture_size(picture.width, picture.height, name);
  const int transparent = find_first_picture(*gif, name);
  const GifImageDesc& part = gif->Image;
  check_picture_size(part.Width, part.Height, name);
  if (part.Left < 0 || part.Top < 0 || part.Left + part.Width > gif->SWidth ||
      part.Top + part.Height > gif->SHeight) {
    throw Error(ErrorKind::kFile,
                name + ": this GIF is damaged: a picture reaches beyond its edge");
  }
  const ColorMapObject* colors = part.ColorMap != nullptr ? part.ColorMap : gif->SColorMap;
  if (colors == nullptr) {
    throw Error(ErrorKind::kFile, name + ": this GIF is damaged: it has no colours");
  }
  const std::array<Rgba, 256> palette = gif_palette(*colors, transparent);

  // Around a picture that covers a part: the background's colour, or nothing where something is
  // transparent anyway.
  Rgba around = kNothing;
  if (transparent == NO_TRANSPARENT_COLOR && gif->SColorMap != nullptr) {
    around = gif_palette(*gif->SColorMap,
                         transparent)[static_cast<size_t>(gif->SBackGroundColor & 0xff)];
  }
  picture.values.reserve(static_cast<size_t>(picture.width * picture.height * 4));
  for (int64_t i = 0; i < picture.width * picture.height; ++i) {
    picture.values.insert(picture.values.end(), around.begin(), around.end());
  }
  std::vector<GifPixelType> row(static_cast<size_t>(part.Width));
  bool is_cut = false;
  for (const int y : row_order(part.Height, part.Interlace)) {
    is_cut = is_cut || DGifGetLine(gif.get(), row.data(), part.Width) != GIF_OK;
    if (is_cut && picture.warning.empty()) {
      if (y == 0) fail_gif(name, gif->Error);
      picture.warning = kCutPicture;
    }
    float* target =
        picture.values.data() + ((part.Top + y) * picture.width + part.Left) * int64_t{4};
    for (const GifPixelType index : row) {
      const Rgba& color = is_cut ? kMissingPixel : palette[index];
      target = std::copy(color.begin(), color.end(), target);
    }
  }
  return picture;
}

}  // namespace zanime::pictures
