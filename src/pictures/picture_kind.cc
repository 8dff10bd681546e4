#include "pictures/picture_kind.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace zanime::pictures {
namespace {

using std::string_view_literals::operator""sv;

struct KindMark {
  PictureKind kind;
  std::string_view mark;
};

constexpr std::array kMarks{
    KindMark{PictureKind::kPng, kPngSignature},
    KindMark{PictureKind::kGif, "GIF87a"sv},
    KindMark{PictureKind::kGif, "GIF89a"sv},
    KindMark{PictureKind::kJpegXl, "\xff\x0a"sv},
    KindMark{PictureKind::kJpegXl, "\0\0\0\x0cJXL "sv},
    KindMark{PictureKind::kSvg, "<svg"sv},
};

// Marks of two and three bytes could also begin a safetensors file, whose first eight bytes are a
// length. So these look at what follows, too.
bool is_jpeg(std::string_view start) {
  return start.starts_with("\xff\xd8\xff") &&
         (start.size() == 3 || static_cast<uint8_t>(start[3]) >= 0xc0);
}

bool is_bmp(std::string_view start) {
  // The size of the header that follows the 14 bytes of the first one.
  static constexpr std::array<uint8_t, 7> kHeaderSizes{12, 40, 52, 56, 64, 108, 124};
  return start.size() >= 18 && start.starts_with("BM") && start.substr(15, 3) == "\0\0\0"sv &&
         std::find(kHeaderSizes.begin(), kHeaderSizes.end(), static_cast<uint8_t>(start[14])) !=
             kHeaderSizes.end();
}

bool is_tiff(std::string_view start) {
  return (start.starts_with("II*\0"sv) || start.starts_with("MM\0*"sv)) &&
         start.substr(4, 4) != "\0\0\0\0"sv;
}

// The kind that a brand of an ISO base media file stands for (ISO/IEC 14496-12; the brands of
// ISO/IEC 23008-12 and of AVIF 1.0). "mif1" and "msf1" say only that it holds pictures.
std::optional<PictureKind> kind_of_brand(std::string_view brand) {
  static constexpr std::array kAvif{"avif"sv, "avis"sv};
  static constexpr std::array kHeic{"heic"sv, "heix"sv, "heim"sv, "heis"sv,
                                    "hevc"sv, "hevx"sv, "hevm"sv, "hevs"sv};
  if (std::find(kAvif.begin(), kAvif.end(), brand) != kAvif.end()) return PictureKind::kAvif;
  if (std::find(kHeic.begin(), kHeic.end(), brand) != kHeic.end()) return PictureKind::kHeic;
  return std::nullopt;
}

// Of a file type box: its main brand decides, or else the first compatible one that says more.
std::optional<PictureKind> kind_of_brands(std::string_view start) {
  if (start.size() < 12 || start.substr(4, 4) != "ftyp") return std::nullopt;
  uint32_t length = 0;
  for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<uint8_t>(start[i]);
  const std::string_view box = start.substr(0, std::min<size_t>(length, kPictureKindBytes));
  if (const auto kind = kind_of_brand(start.substr(8, 4))) return kind;
  // Four bytes of version lie between the main brand and the others.
  for (size_t at = 16; at + 4 <= box.size(); at += 4) {
    if (const auto kind = kind_of_brand(box.substr(at, 4))) return kind;
  }
  const std::string_view main = start.substr(8, 4);
  if (main == "mif1" || main == "msf1") return PictureKind::kHeic;
  return std::nullopt;
}

}  // namespace

std::optional<PictureKind> picture_kind(std::string_view start) {
  for (const KindMark& mark : kMarks) {
    if (start.starts_with(mark.mark)) return mark.kind;
  }
  if (is_jpeg(start)) return PictureKind::kJpeg;
  if (is_bmp(start)) return PictureKind::kBmp;
  if (is_tiff(start)) return PictureKind::kTiff;
  if (start.size() >= 12 && start.starts_with("RIFF") && start.substr(8, 4) == "WEBP") {
    return PictureKind::kWebp;
  }
  return kind_of_brands(start);
}

std::string_view picture_kind_name(PictureKind kind) {
  switch (kind) {
    case PictureKind::kPng:
      return "a PNG";
    case PictureKind::kJpeg:
      return "a JPEG";
    case PictureKind::kWebp:
      return "a WebP";
    case PictureKind::kGif:
      return "a GIF";
    case PictureKind::kBmp:
      return "a BMP";
    case PictureKind::kTiff:
      return "a TIFF";
    case PictureKind::kAvif:
      return "an AVIF";
    case PictureKind::kHeic:
      return "a HEIC";
    case PictureKind::kJpegXl:
      return "a JPEG XL";
    case PictureKind::kSvg:
      return "an SVG";
  }
  return "a picture";
}

bool is_png_sent_as_text(std::string_view start) {
  return start.starts_with("\x89PNG") && !start.starts_with(kPngSignature);
}

}  // namespace zanime::pictures
