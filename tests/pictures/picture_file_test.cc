#include "pictures/picture_file.h"

#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <png.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "pictures/picture_info.h"
#include "pictures/picture_name.h"

namespace zanime::pictures {
namespace {

namespace fs = std::filesystem;

// A fresh folder that goes away with the test.
class PictureFile : public ::testing::Test {
 protected:
  PictureFile() {
    char name[] = "/tmp/zanime-picture-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~PictureFile() override { fs::remove_all(folder_); }

  size_t file_count() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

Tensor gradient(int64_t height, int64_t width) {
  Tensor pixels(Shape{height, width, 3});
  for (int64_t i = 0; i < pixels.size(); ++i) {
    pixels.data()[i] = static_cast<float>(i % 1021) / 1000.0f;
  }
  return pixels;
}

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<uint8_t> decode(const std::vector<std::byte>& bytes) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_TRUE(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()));
  EXPECT_EQ(image.format & ~PNG_FORMAT_FLAG_LINEAR, static_cast<unsigned>(PNG_FORMAT_RGB));
  image.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> rows(PNG_IMAGE_SIZE(image));
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, rows.data(), 0, nullptr)) << image.message;
  return rows;
}

// The error that `work` ends in, or nothing.
template <typename Work>
std::optional<Error> error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

std::string chunk(const std::string& type, const std::string& data) {
  const auto big_endian = [](uint32_t value) {
    return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                       static_cast<char>(value >> 8), static_cast<char>(value)};
  };
  const std::string body = type + data;
  return big_endian(static_cast<uint32_t>(data.size())) + body +
         big_endian(static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(body.data()),
                                                static_cast<uInt>(body.size()))));
}

std::string packed(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string bytes(size, '\0');
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(bytes.data()), &size,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  bytes.resize(size);
  return bytes;
}

// A PNG with the given chunks between header and end.
std::string png_with(const std::string& chunks) {
  return std::string("\x89PNG\r\n\x1a\n") +
         chunk("IHDR", std::string("\0\0\0\5\0\0\0\7\x08\x02\0\0\0", 13)) + chunks +
         chunk("IEND", "");
}

TEST(EncodePng, RoundsAsTheReference) {
  const float below_one = std::nextafter(1.0f, 0.0f);
  const Tensor pixels = Tensor::from(
      Shape{1, 3, 3}, {0.0f, 0.5f, 1.0f, -3.0f, 7.0f, below_one, 1.0f / 255.0f, 0.999f, 2e38f});
  EXPECT_EQ(decode(encode_png(pixels, {})),
            (std::vector<uint8_t>{0, 127, 255, 0, 255, 254, 1, 254, 255}));
}

TEST(EncodePng, KeepsEveryPixel) {
  for (const auto& [height, width] : {std::pair{1, 1}, {7, 5}, {64, 33}, {1, 300}}) {
    const Tensor pixels = gradient(height, width);
    const std::vector<uint8_t> rows = decode(encode_png(pixels, {}));
    ASSERT_EQ(rows.size(), static_cast<size_t>(pixels.size()));
    for (size_t i = 0; i < rows.size(); ++i) {
      const float clamped = std::min(std::max(255.0f * pixels.data()[i], 0.0f), 255.0f);
      ASSERT_EQ(rows[i], static_cast<uint8_t>(clamped)) << i;
    }
  }
}

TEST(EncodePng, GivesTheSameBytesAgain) {
  const PictureMetadata metadata{R"({"1":{}})", "a cat\nSteps: 8"};
  const Tensor pixels = gradient(40, 30);
  const std::vector<std::byte> first = encode_png(pixels, metadata);
  EXPECT_EQ(encode_png(pixels.reshaped(Shape{1, 40, 30, 3}), metadata), first);
}

TEST(EncodePng, RefusesNan) {
  const Tensor pixels = Tensor::from(Shape{1, 1, 3}, {0, std::nanf(""), 0});
  const auto error = error_of([&] { encode_png(pixels, {}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kNumeric);
}

TEST(EncodePng, PromptIsPlainTextThatComfyUiReads) {
  const std::string prompt = R"({"6":{"inputs":{"text":"猫 😀 é"}}})";
  const std::string png = as_text(encode_png(gradient(4, 4), {prompt, ""}));
  const size_t place = png.find("tEXtprompt");
  ASSERT_NE(place, std::string::npos);
  EXPECT_EQ(png.find("iTXt"), std::string::npos);
  EXPECT_NE(png.find(R"("\u732b \ud83d\ude00 \u00e9")", place), std::string::npos);
  const std::string stored = parse_picture_info(png, "x").texts.at("prompt");
  EXPECT_EQ(nlohmann::json::parse(stored), nlohmann::json::parse(prompt));
}

TEST(EncodePng, ParametersKeepTheirCharacters) {
  const std::string ascii = "1girl\nSteps: 8, Seed: 5", wide = "猫耳メイド, é, 😀\nSteps: 8";
  const std::string plain = as_text(encode_png(gradient(4, 4), {"", ascii}));
  EXPECT_NE(plain.find("tEXtparameters"), std::string::npos);
  EXPECT_EQ(parse_picture_info(plain, "x").texts.at("parameters"), ascii);
  const std::string international = as_text(encode_png(gradient(4, 4), {"{}", wide}));
  EXPECT_NE(international.find("iTXtparameters"), std::string::npos);
  EXPECT_EQ(parse_picture_info(international, "x").texts.at("parameters"), wide);
  EXPECT_TRUE(parse_picture_info(as_text(encode_png(gradient(4, 4), {})), "x").texts.empty());
}

TEST_F(PictureFile, ReplacesAFileAndReadsBack) {
  const fs::path path = folder_ / "a.png";
  write_picture(path, gradient(3, 2), {"{}", "old"});
  write_picture(path, gradient(16, 9), {"{}", "new"});
  const PictureInfo info = read_picture_info(path);
  EXPECT_EQ(info.width, 9);
  EXPECT_EQ(info.height, 16);
  EXPECT_EQ(read_picture_text(path).at("parameters"), "new");
  EXPECT_EQ(file_count(), 1u);
}

TEST_F(PictureFile, FollowsASymbolicLink) {
  fs::create_directory(folder_ / "real");
  write_picture(folder_ / "real" / "a.png", gradient(2, 2), {});
  fs::create_symlink(folder_ / "real" / "a.png", folder_ / "link.png");
  write_picture(folder_ / "link.png", gradient(5, 5), {});
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.png"));
  EXPECT_EQ(read_picture_info(folder_ / "real" / "a.png").width, 5);
}

TEST_F(PictureFile, AFullDiskLeavesNothing) {
  const auto error = error_of([] { write_picture("/dev/full", gradient(64, 64), {}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kResource);
  EXPECT_NE(std::string(error->what()).find("full"), std::string::npos);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));

  // A limit on the size of files stands in for a disk that fills up while writing.
  write_picture(folder_ / "a.png", gradient(2, 2), {"{}", "old"});
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1000;
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const auto limited = error_of([&] { write_picture(folder_ / "a.png", gradient(64, 64), {}); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_TRUE(limited);
  EXPECT_EQ(limited->kind(), ErrorKind::kResource);
  EXPECT_EQ(file_count(), 1u);
  EXPECT_EQ(read_picture_text(folder_ / "a.png").at("parameters"), "old");
}

TEST_F(PictureFile, NamesTheFolderThatIsMissing) {
  const auto error = error_of([&] { write_picture(folder_ / "no" / "a.png", gradient(2, 2), {}); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find((folder_ / "no").string()), std::string::npos);
  EXPECT_TRUE(error_of([&] { write_picture(folder_, gradient(2, 2), {}); }));
}

TEST_F(PictureFile, NumbersAsComfyUiDoes) {
  const auto next = [&](const std::string& prefix) {
    return fs::relative(next_picture_name(folder_, prefix, {832, 1216, 3}), folder_).string();
  };
  EXPECT_EQ(next("z"), "z_00001_.png");
  for (const char* name : {"z_00007_.png", "z_00011_.jpg", "zz_00050_.png", "z_00060.png",
                           "z_x_.png", "z_.png", "z"}) {
    std::ofstream(folder_ / name) << "x";
  }
  EXPECT_EQ(next("z"), "z_00012_.png");
  std::ofstream(folder_ / "z_123456_.png") << "x";
  EXPECT_EQ(next("z"), "z_123457_.png");
  EXPECT_EQ(next("night/z"), "night/z_00001_.png");
  EXPECT_EQ(next("a/../b/"), "b_00001_.png");
  EXPECT_EQ(next("night\\z"), "night/z_00001_.png");
  EXPECT_EQ(next("%width%x%height%-%batch_num%"), "832x1216-3_00001_.png");
  EXPECT_EQ(next("%year%").size(), std::strlen("2026_00001_.png"));
  for (const std::string& bad :
       {std::string("../z"), std::string("/tmp/z"), std::string("a/../../z"), std::string(".."),
        std::string("..\\z")}) {
    const auto error = error_of([&] { next(bad); });
    ASSERT_TRUE(error) << bad;
    EXPECT_EQ(error->kind(), ErrorKind::kUsage);
  }
  EXPECT_TRUE(error_of([&] { next(std::string("a\0b", 3)); }));
}

// The highest number that is counted is taken, and the one behind it.
TEST_F(PictureFile, NumbersThatAreTooHighDoNotStopIt) {
  for (const char* name : {"z_999999999999_.png", "z_1000000000000_.png"}) {
    std::ofstream(folder_ / name) << "x";
  }
  EXPECT_EQ(save_numbered_picture(folder_, "z", gradient(2, 2), {}).filename(),
            "z_1000000000001_.png");
}

TEST_F(PictureFile, NumberedPicturesNeverMeet) {
  constexpr int kThreads = 4, kEach = 8;
  std::vector<std::vector<fs::path>> names(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const PictureMetadata metadata{"{}", std::to_string(t) + "/" + std::to_string(i)};
        names[t].push_back(save_numbered_picture(folder_, "sub/z", gradient(4, 4), metadata));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<fs::path> distinct;
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kEach; ++i) {
      EXPECT_TRUE(distinct.insert(names[t][i]).second);
      EXPECT_EQ(read_picture_text(names[t][i]).at("parameters"),
                std::to_string(t) + "/" + std::to_string(i));
    }
  }
  EXPECT_EQ(distinct.rbegin()->filename(), "z_00032_.png");
}

TEST(PictureInfo, ReadsAllThreeKindsOfText) {
  using namespace std::string_literals;
  const std::string png =
      png_with(chunk("tEXt", "a\0caf\xe9"s) + chunk("zTXt", "b\0\0"s + packed("packed \xe9")) +
               chunk("IDAT", "x") + chunk("iTXt", "c\0\0\0en\0key\0猫"s) +
               chunk("iTXt", "d\0\1\0\0\0"s + packed("猫猫")) + chunk("tEXt", "a\0second"s) +
               chunk("zzZz", "unknown"));
  const PictureInfo info = parse_picture_info(png + "trailing bytes", "x");
  EXPECT_EQ(info.width, 5);
  EXPECT_EQ(info.height, 7);
  EXPECT_EQ(info.texts, (std::map<std::string, std::string>{
                            {"a", "café"}, {"b", "packed é"}, {"c", "猫"}, {"d", "猫猫"}}));
}

TEST(PictureInfo, SaysWhatIsWrong) {
  using namespace std::string_literals;
  const auto message = [](const std::string& bytes) {
    const auto error = error_of([&] { parse_picture_info(bytes, "file.png"); });
    if (!error) return "no error"s;
    EXPECT_EQ(error->kind(), ErrorKind::kFile);
    EXPECT_TRUE(std::string(error->what()).starts_with("file.png: "));
    return std::string(error->what());
  };
  const auto holds = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(holds(message(""), "an empty file"));
  EXPECT_TRUE(holds(message("\xff\xd8\xff\xe0"), "ends before the picture"));
  EXPECT_TRUE(holds(message("RIFF\0\0\0\0WEBPVP8 "s), "WebP"));
  EXPECT_TRUE(holds(message("GIF89a"), "GIF"));
  EXPECT_TRUE(holds(message("<html>"), "not a picture"));
  EXPECT_TRUE(holds(message("\x89PNG\n\x1a\n"), "line ends"));
  EXPECT_TRUE(holds(message("\x89PNG\r\n\x1a\n"), "ends before"));
  EXPECT_TRUE(holds(message("\x89PNG\r\n\x1a\n" + chunk("IEND", "")), "IHDR"));
  EXPECT_TRUE(holds(message(png_with(chunk("IHDR", ""))), "IHDR"));
  EXPECT_TRUE(holds(message(png_with(chunk("tEXt", "no keyword"))), "keyword"));
  EXPECT_TRUE(holds(message(png_with(chunk("zTXt", "k\0\0junk"s))), "unpacked"));
  EXPECT_TRUE(holds(message(png_with(chunk("zTXt", "k\0\7junk"s))), "unknown way"));
  EXPECT_TRUE(holds(message(png_with(chunk("iTXt", "k\0\0"s))), "early"));
  const std::string bomb = packed(std::string(80u << 20, 'a'));
  EXPECT_LT(bomb.size(), 100000u);
  EXPECT_TRUE(holds(message(png_with(chunk("zTXt", "k\0\0"s + bomb))), "64 MiB"));

  const std::string good = png_with(chunk("tEXt", "key\0value"s));
  for (size_t size = 8; size < good.size(); ++size) {
    EXPECT_TRUE(holds(message(good.substr(0, size)), "ends before")) << size;
  }
  std::string flipped = good;
  flipped[good.find("value")] ^= 1;
  EXPECT_TRUE(holds(message(flipped), "checksum"));
}

TEST(PictureInfo, RandomDamageIsAnErrorOrText) {
  const std::string good = as_text(encode_png(gradient(8, 8), {R"({"1":2})", "é, a, b"}));
  std::mt19937 random(30);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    error_of([&] { parse_picture_info(bytes, "x"); });
  }
}

TEST(PictureInfo, NamesAFileThatIsNotThere) {
  const auto error = error_of([] { read_picture_info("/nowhere/a.png"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kFile);
  EXPECT_TRUE(error_of([] { read_picture_info("/tmp"); }));
}

}  // namespace
}  // namespace zanime::pictures
