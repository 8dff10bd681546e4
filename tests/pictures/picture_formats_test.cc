// Pictures that are written as WebP and JPEG, and the workflows that EXIF data carries.
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pictures/formats/exif.h"
#include "pictures/picture_file.h"
#include "pictures/picture_info.h"
#include "pictures/picture_kind.h"
#include "pictures/picture_reader.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"

namespace zanime::pictures {
namespace {

using namespace zanime::testing;
using std::string_literals::operator""s;
using Texts = std::map<std::string, std::string>;

// Without hard edges, and with values that 8 bits have.
Tensor smooth_picture(int64_t height, int64_t width) {
  Tensor pixels(Shape{1, height, width, 3});
  for (int64_t i = 0; i < pixels.size(); ++i) {
    const auto x = static_cast<double>(i / 3 % width), y = static_cast<double>(i / 3 / width);
    const double value =
        127.5 + 127 * std::sin(0.05 * x + static_cast<double>(i % 3)) * std::cos(0.04 * y);
    pixels.data()[i] = static_cast<float>(std::round(value)) / 255.0f;
  }
  return pixels;
}

std::string encoded(const Tensor& pixels, const PictureMetadata& metadata,
                    const PictureEncoding& encoding) {
  const std::vector<std::byte> bytes = encode_picture(pixels, metadata, encoding);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

double psnr(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]);
    sum += difference * difference;
  }
  return -10 * std::log10(sum / static_cast<double>(a.size()) + 1e-20);
}

const PictureMetadata kMade{R"({"3":{"inputs":{"text":"猫 é"},"class_type":"X"}})",
                            "1girl, 猫 😀\nSteps: 8"};

TEST(WrittenFormats, CarryTheGraphAndTheParameters) {
  const Tensor pixels = smooth_picture(40, 56);
  for (const PictureEncoding& encoding :
       {PictureEncoding{PictureFormat::kWebp}, PictureEncoding{PictureFormat::kWebp, 90, true},
        PictureEncoding{PictureFormat::kJpeg}, PictureEncoding{PictureFormat::kPng}}) {
    const std::string file = encoded(pixels, kMade, encoding);
    EXPECT_EQ(encoded(pixels, kMade, encoding), file);
    const PictureInfo info = parse_picture_info(file, "x");
    EXPECT_EQ(info.width, 56);
    EXPECT_EQ(info.height, 40);
    const std::string prompt = R"({"3":{"inputs":{"text":"\u732b \u00e9"},"class_type":"X"}})";
    EXPECT_EQ(info.texts, (Texts{{"prompt", prompt}, {"parameters", kMade.parameters}}));
    const ReadPicture read = read_picture(std::as_bytes(std::span(file)), "x");
    ASSERT_EQ(read.pixels.shape(), pixels.shape());
    EXPECT_FALSE(read.alpha);
    const bool keeps_all = encoding.lossless || encoding.format == PictureFormat::kPng;
    EXPECT_GT(psnr(read.pixels, pixels), keeps_all ? 150 : 38);
  }
}

TEST(WrittenFormats, WithoutMetadataHaveNone) {
  for (const PictureFormat format : {PictureFormat::kWebp, PictureFormat::kJpeg}) {
    const std::string file = encoded(smooth_picture(8, 8), {}, {.format = format});
    EXPECT_TRUE(parse_picture_info(file, "x").texts.empty());
    EXPECT_EQ(file.find("Exif"), std::string::npos);
    EXPECT_EQ(file.find("EXIF"), std::string::npos);
  }
}

TEST(WrittenFormats, QualityIsBoughtWithBytes) {
  const Tensor pixels = smooth_picture(64, 64);
  for (const PictureFormat format : {PictureFormat::kWebp, PictureFormat::kJpeg}) {
    const std::string low = encoded(pixels, {}, {.format = format, .quality = 20});
    const std::string high = encoded(pixels, {}, {.format = format, .quality = 98});
    EXPECT_LT(low.size(), high.size());
    EXPECT_LT(psnr(read_picture(std::as_bytes(std::span(low)), "x").pixels, pixels),
              psnr(read_picture(std::as_bytes(std::span(high)), "x").pixels, pixels));
  }
}

TEST(WrittenFormats, AGraphBeyondAJpegsSegmentIsLeftOut) {
  const PictureMetadata large{"{\"a\":\"" + std::string(70'000, 'x') + "\"}", "Steps: 8"};
  const Tensor pixels = smooth_picture(8, 8);
  EXPECT_EQ(parse_picture_info(encoded(pixels, large, {PictureFormat::kJpeg}), "x").texts,
            (Texts{{"parameters", "Steps: 8"}}));
  EXPECT_EQ(
      parse_picture_info(encoded(pixels, large, {PictureFormat::kWebp}), "x").texts.at("prompt"),
      large.prompt);
}

TEST(WrittenFormats, EndAtTheirSizes) {
  const Tensor wide = Tensor::zeros({1, 1, 16'384, 3});
  expect_error(ErrorKind::kUsage, "too large for WebP",
               [&] { encode_picture(wide, {}, {PictureFormat::kWebp}); });
}

TEST(FormatOfName, IsItsEnding) {
  EXPECT_EQ(format_of_name("a.PNG"), PictureFormat::kPng);
  EXPECT_EQ(format_of_name("a/b.c.jpeg"), PictureFormat::kJpeg);
  EXPECT_EQ(format_of_name("a.JPG"), PictureFormat::kJpeg);
  EXPECT_EQ(format_of_name("a.webp"), PictureFormat::kWebp);
  EXPECT_EQ(format_of_name("a.gif"), std::nullopt);
  EXPECT_EQ(format_of_name("webp"), std::nullopt);
}

// Made by golden/make_workflow_pictures.py with Pillow, as ComfyUI and the nodes that save pictures
// for it write them.
TEST(CarriedWorkflows, OfOthersAreFound) {
  const std::string prompt = R"({"1": {"class_type": "A", "inputs": {"text": "a: b"}}})";
  const std::string workflow = R"({"nodes": [], "links": []})";
  const std::string parameters = "1girl, 猫\nSteps: 8, Sampler: Euler";
  const auto texts = [](const std::string& name) {
    return read_picture_text(golden_path("workflow_pictures/" + name));
  };
  EXPECT_EQ(texts("comfyui.webp"), (Texts{{"prompt", prompt}, {"workflow", workflow}}));
  EXPECT_EQ(texts("big-endian.webp"), (Texts{{"prompt", prompt}, {"workflow", workflow}}));
  EXPECT_EQ(texts("capitals.webp"), (Texts{{"prompt", prompt}, {"workflow", workflow}}));
  EXPECT_EQ(texts("saver.jpg"),
            (Texts{{"parameters", parameters}, {"prompt", prompt}, {"workflow", workflow}}));
  EXPECT_EQ(texts("comment.jpg"), (Texts{{"prompt", prompt}}));
  EXPECT_EQ(texts("plain.jpg"), Texts{});
}

TEST(ExifTexts, CutAndDamagedBlocksGiveLessAndNeverACrash) {
  const std::vector<std::byte> good = make_exif(kMade);
  ASSERT_EQ(exif_texts(good).size(), 2u);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_LE(exif_texts(std::span(good).first(size)).size(), 2u);
  }
  std::vector<std::byte> bytes = good;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      bytes[i] = good[i] ^ static_cast<std::byte>(flip);
      EXPECT_LE(exif_texts(bytes).size(), 3u);
    }
    bytes[i] = good[i];
  }
}

}  // namespace
}  // namespace zanime::pictures
