// Pictures of kinds other than the three that are written: golden/make_foreign_pictures.py.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "pictures/picture_file.h"
#include "pictures/picture_reader.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "weights/safetensors.h"

namespace zanime::pictures {
namespace {

using namespace zanime::testing;

std::vector<std::byte> golden_bytes(const std::string& name) {
  std::ifstream file(golden_path(name), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// The warnings while it lives.
class Warnings {
 public:
  Warnings() {
    set_log_sink([this](LogLevel, const std::string& message) { all += message + "\n"; });
  }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;
  ~Warnings() {
    set_log_sink([](LogLevel, const std::string&) {});
  }

  std::string all;
};

std::vector<std::string> foreign_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(golden_path("foreign_pictures"))) {
    names.push_back(entry.path().filename());
  }
  return names;
}

TEST(ForeignPictures, AreReadAsOthersDo) {
  const auto reference = weights::open_safetensors(golden_path("foreign_pictures.safetensors"));
  const std::vector<std::string> names = foreign_names();
  EXPECT_EQ(names.size(), 32u);
  for (const std::string& name : names) {
    // A name says nothing.
    const ReadPicture picture = read_picture(golden_bytes("foreign_pictures/" + name), "x.png");
    const Tensor pixels = reference->read_float32(name);
    ASSERT_EQ(picture.pixels.dim(1), pixels.dim(0)) << name;
    ASSERT_EQ(picture.pixels.dim(2), pixels.dim(1)) << name;
    // libavif's versions differ by a level in turning YUV into RGB.
    const double tolerance = name.ends_with(".avif") ? 1.01 / 255 : 1e-6;
    EXPECT_LE(max_difference(picture.pixels, pixels.reshaped(picture.pixels.shape())), tolerance)
        << name;
    const bool has_alpha = reference->find(name + "/alpha") != nullptr;
    ASSERT_EQ(picture.alpha.has_value(), has_alpha) << name;
    if (has_alpha) {
      const Tensor alpha = reference->read_float32(name + "/alpha");
      EXPECT_LE(max_difference(*picture.alpha, alpha.reshaped(picture.alpha->shape())), tolerance)
          << name;
    }
  }
}

TEST(ForeignPictures, CutAndDamagedOnesAreErrorsOrPicturesAndNeverACrash) {
  const Warnings warnings;
  for (const std::string& name : foreign_names()) {
    const std::vector<std::byte> good = golden_bytes("foreign_pictures/" + name);
    const auto read = [&](const std::vector<std::byte>& bytes) {
      try {
        EXPECT_TRUE(all_finite(read_picture(bytes, name).pixels));
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kFile) << error.what();
        expect_contains(error.what(), name);
      }
    };
    for (size_t size = 0; size < good.size(); size += size < 64 ? 7 : 53) {
      read({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
    }
    std::vector<std::byte> bytes = good;
    // The first bytes have the size of the picture, up to what may be read at all; in a TIFF it is
    // anywhere. Those are left to the fuzzer, which has the time.
    if (name.ends_with(".tif")) continue;
    for (size_t i = 30; i < bytes.size(); i += 17) {
      for (const int flip : {0x01, 0xff}) {
        bytes[i] = good[i] ^ static_cast<std::byte>(flip);
        read(bytes);
      }
      bytes[i] = good[i];
    }
  }
}

// Most of whose bytes are pixels.
std::vector<std::byte> noise(PictureFormat format) {
  Tensor pixels(Shape{64, 64, 3});
  for (int64_t i = 0; i < pixels.size(); ++i) {
    pixels.data()[i] = static_cast<float>(i * i % 251) / 250.0f;
  }
  return encode_picture(pixels, {}, {.format = format});
}

struct Cut {
  const char* name;
  double kept;  // of the file
};

// Rows that are there are as in the whole picture; the last one is grey.
TEST(CutPictures, AreGreyBelowWithAWarning) {
  for (const Cut& cut :
       {Cut{"foreign_pictures/rgb.bmp", 0.6}, Cut{"pictures/rgb.png", 0.6},
        Cut{"pictures/rgba-16bit.png", 0.6}, Cut{"noise.jpg", 0.6}, Cut{"noise.webp", 0.6}}) {
    const std::vector<std::byte> bytes =
        cut.name == std::string("noise.jpg")    ? noise(PictureFormat::kJpeg)
        : cut.name == std::string("noise.webp") ? noise(PictureFormat::kWebp)
                                                : golden_bytes(cut.name);
    const Tensor whole = read_picture(bytes, "whole").pixels;
    const Warnings warnings;
    const auto kept = static_cast<size_t>(cut.kept * static_cast<double>(bytes.size()));
    const Tensor picture = read_picture(std::span(bytes).first(kept), "x.png").pixels;
    expect_contains(warnings.all, "x.png: the file stops in the middle");
    ASSERT_EQ(picture.shape(), whole.shape());
    const bool is_upside_down = std::string(cut.name).ends_with(".bmp");
    const int64_t rows = picture.dim(1), row = picture.dim(2) * 3;
    const int64_t first = is_upside_down ? rows - 1 : 0, last = rows - 1 - first;
    for (int64_t i = 0; i < row; ++i) {
      EXPECT_EQ(picture.data()[first * row + i], whole.data()[first * row + i]) << cut.name;
    }
    EXPECT_NEAR(picture.data()[last * row + row - 1], 128.0f / 255.0f, 0.003) << cut.name;
  }
}

TEST(CutPictures, AMissingEndMarkIsNothingToWarnOf) {
  for (const char* name : {"rgb.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg"}) {
    const std::vector<std::byte> bytes = golden_bytes("pictures/" + std::string(name));
    const Warnings warnings;
    const Tensor picture =
        read_picture(std::span(bytes).first(bytes.size() - 2), "without end").pixels;
    EXPECT_EQ(warnings.all, "") << name;
    EXPECT_EQ(max_difference(picture, read_picture(bytes, "whole").pixels), 0) << name;
  }
}

}  // namespace
}  // namespace zanime::pictures
