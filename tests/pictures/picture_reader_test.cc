#include "pictures/picture_reader.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pictures/formats/exif.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "tests/support/scratch_folder.h"
#include "weights/safetensors.h"

namespace zanime::pictures {
namespace {

using namespace zanime::testing;

// Made by golden/make_pictures.py with FFmpeg, as ComfyUI reads them.
const weights::WeightFile& picture_reference() {
  static const auto file = weights::open_safetensors(golden_path("pictures.safetensors"));
  return *file;
}

std::vector<std::byte> file_bytes(const std::string& name) {
  std::ifstream file(golden_path("pictures/" + name), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

// Colours of 16 bits lose their last bits in FFmpeg.
double tolerance(const std::string& name) {
  return name.starts_with("rgb") && name.find("16bit") != std::string::npos ? 2e-4 : 1e-7;
}

TEST(PictureReader, ReadsEveryKindAsTheReferenceDoes) {
  int pictures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(golden_path("pictures"))) {
    const std::string name = entry.path().filename();
    const ReadPicture picture = read_picture(entry.path());
    const Tensor pixels = picture_reference().read_float32(name);
    ASSERT_EQ(picture.pixels.size(), pixels.size()) << name;
    EXPECT_LE(max_difference(picture.pixels, pixels.reshaped(picture.pixels.shape())),
              tolerance(name))
        << name;
    const bool has_alpha = picture_reference().find(name + "/alpha") != nullptr;
    ASSERT_EQ(picture.alpha.has_value(), has_alpha) << name;
    if (has_alpha) {
      const Tensor alpha = picture_reference().read_float32(name + "/alpha");
      EXPECT_LE(max_difference(*picture.alpha, alpha.reshaped(picture.alpha->shape())),
                tolerance(name))
          << name;
    }
    ++pictures;
  }
  EXPECT_EQ(pictures, 38);
}

TEST(PictureReader, ACutFileIsAnErrorOrAPictureAndNeverACrash) {
  for (const std::string name :
       {"rgba.png", "palette-transparent.png", "rgb.jpg", "cmyk.jpg", "grey.jpg", "progressive.jpg",
        "turned-6.jpg", "lossy-alpha.webp", "lossless.webp", "moving.webp", "turned.webp"}) {
    const std::vector<std::byte> bytes = file_bytes(name);
    for (size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 7) {
      try {
        EXPECT_TRUE(all_finite(read_picture(std::span(bytes).first(size), name).pixels));
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kFile) << error.what();
        expect_contains(error.what(), name);
      }
    }
  }
}

TEST(PictureReader, DamageIsAnErrorOrAPictureAndNeverACrash) {
  for (const std::string name :
       {"rgba.png", "palette.png", "grey-16bit.png", "rgb.jpg", "cmyk.jpg", "progressive.jpg",
        "turned.png", "turned-6.jpg", "lossy-alpha.webp", "lossless.webp", "moving.webp",
        "turned.webp"}) {
    std::vector<std::byte> bytes = file_bytes(name);
    // An animation's canvas may be of any size, whatever lies on it.
    constexpr size_t kBehindCanvas = 30;
    for (size_t i = name == "moving.webp" ? kBehindCanvas : 0; i < bytes.size(); ++i) {
      const std::byte good = bytes[i];
      for (const int flip : {0x01, 0x80, 0xff}) {
        bytes[i] = good ^ static_cast<std::byte>(flip);
        try {
          const ReadPicture picture = read_picture(bytes, name);
          EXPECT_TRUE(all_finite(picture.pixels));
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::kFile) << error.what();
        }
      }
      bytes[i] = good;
    }
  }
}

// A PNG's header with another size and its checksum made right.
std::vector<std::byte> png_claiming(uint32_t width, uint32_t height) {
  std::vector<std::byte> bytes = file_bytes("rgb.png");
  const auto put = [&](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(value >> (24 - 8 * i));
  };
  put(16, width);
  put(20, height);
  uint32_t crc = 0xffffffff;
  for (size_t i = 12; i < 29; ++i) {
    crc ^= std::to_integer<uint32_t>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  put(29, ~crc);
  return bytes;
}

TEST(PictureReader, AClaimOfEnormousSizeIsRefusedBeforeAnythingIsReserved) {
  for (const uint32_t width : {100000u, 0x7fffffffu}) {
    const Error error =
        expect_error([&] { read_picture(png_claiming(width, 100000), "bomb.png"); });
    EXPECT_EQ(error.kind(), ErrorKind::kFile);
    expect_contains(error.what(), "bomb.png: this picture says it is " + std::to_string(width));
    expect_contains(error.what(), "Scale it down");
  }
}

TEST(PictureReader, OtherFilesAreCalledByTheirName) {
  const ScratchFolder folder;
  const auto message = [&](const std::string& name, std::string_view bytes) {
    return std::string(expect_error([&] { read_picture(folder.write(name, bytes)); }).what());
  };
  expect_contains(message("a.png", std::string_view("\0\0\0\x14"
                                                    "ftypheix\0\0\0\0mif1",
                                                    20)),
                  "this is a HEIC; only PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF can be read");
  expect_contains(message("b.png", std::string_view("RIFF\0\0\0\0WEBPVP8 ", 16)),
                  "this WebP is damaged: its header");
  expect_contains(message("c.png", ""), "this file is empty");
  expect_contains(message("d.png", "hello"), "not a picture");
  expect_error(ErrorKind::kFile, "does not exist", [&] { read_picture(folder / "e.png"); });
  expect_error(ErrorKind::kFile, "not a file", [&] { read_picture(folder.path()); });
}

TEST(Exif, WhatCannotBeUnderstoodTurnsNothing) {
  const auto orientation = [](std::string_view text) {
    return exif_orientation(std::as_bytes(std::span(text)));
  };
  using std::string_view_literals::operator""sv;
  constexpr std::string_view kGood =
      "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"sv;
  EXPECT_EQ(orientation(kGood), 6);
  EXPECT_EQ(orientation("Exif\0\0"sv), 1);
  for (size_t size = 0; size < 20; ++size) EXPECT_EQ(orientation(kGood.substr(0, size)), 1);
  std::string other(kGood);
  other[19] = 9;
  EXPECT_EQ(orientation(other), 1);
  other[4] = other[5] = other[6] = other[7] = '\xff';
  EXPECT_EQ(orientation(other), 1);
}

}  // namespace
}  // namespace zanime::pictures
