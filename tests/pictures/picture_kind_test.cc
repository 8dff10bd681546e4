#include "pictures/picture_kind.h"

#include <string>

#include <gtest/gtest.h>

namespace zanime::pictures {
namespace {

using std::string_literals::operator""s;

TEST(PictureKind, IsSeenFromTheFirstBytes) {
  EXPECT_EQ(picture_kind("\x89PNG\r\n\x1a\nrest"), PictureKind::kPng);
  EXPECT_EQ(picture_kind("\xff\xd8\xff\xe0"), PictureKind::kJpeg);
  EXPECT_EQ(picture_kind("RIFF\x10\0\0\0WEBPVP8 "s), PictureKind::kWebp);
  EXPECT_EQ(picture_kind("GIF89a\1\0"s), PictureKind::kGif);
  EXPECT_EQ(picture_kind("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s), PictureKind::kBmp);
  EXPECT_EQ(picture_kind("II*\0\x08\0\0\0"s), PictureKind::kTiff);
  EXPECT_EQ(picture_kind("MM\0*\0\0\0\x08"s), PictureKind::kTiff);
  EXPECT_EQ(picture_kind("\0\0\0\x0cJXL \r\n\x87\n"s), PictureKind::kJpegXl);
  EXPECT_EQ(picture_kind("<svg xmlns"), PictureKind::kSvg);
  EXPECT_EQ(picture_kind("RIFF\x10\0\0\0WAVEfmt "s), std::nullopt);
  EXPECT_EQ(picture_kind("{\"3\": {}}"), std::nullopt);
  EXPECT_EQ(picture_kind(""), std::nullopt);
}

TEST(PictureKind, OfABoxedFileIsItsMainBrandsOrThatOfABrandItIsCompatibleWith) {
  const auto box = [](const std::string& brands) {
    return "\0\0\0"s + static_cast<char>(8 + brands.size()) + "ftyp" + brands;
  };
  EXPECT_EQ(picture_kind(box("avif\0\0\0\0mif1"s)), PictureKind::kAvif);
  EXPECT_EQ(picture_kind(box("mif1\0\0\0\0miafavif"s)), PictureKind::kAvif);
  EXPECT_EQ(picture_kind(box("heic\0\0\0\0mif1heic"s)), PictureKind::kHeic);
  EXPECT_EQ(picture_kind(box("msf1\0\0\0\0hevcmsf1"s)), PictureKind::kHeic);
  EXPECT_EQ(picture_kind(box("mif1\0\0\0\0mif1"s)), PictureKind::kHeic);
  EXPECT_EQ(picture_kind(box("isom\0\0\0\0mp41"s)), std::nullopt);
  // A brand behind the end of the box is none.
  EXPECT_EQ(picture_kind(box("isom\0\0\0\0mp41"s) + "avif"), std::nullopt);
}

// The first eight bytes of a safetensors file are the length of its header.
TEST(PictureKind, ModelsAreNoPictures) {
  for (const std::string& length :
       {"BM\0\0\0\0\0\0"s, "II*\0\0\0\0\0"s, "\xff\xd8\xff\0\0\0\0\0"s}) {
    EXPECT_EQ(picture_kind(length + "{\"a.weight\":{\"dtype\""), std::nullopt) << length;
  }
}

TEST(PictureKind, APngThatWasSentAsTextIsToldApart) {
  EXPECT_TRUE(is_png_sent_as_text("\x89PNG\n\x1a\n"));
  EXPECT_FALSE(is_png_sent_as_text(kPngSignature));
  EXPECT_FALSE(is_png_sent_as_text("PNG"));
}

}  // namespace
}  // namespace zanime::pictures
