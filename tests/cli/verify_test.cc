// `zanime verify`: pictures that are drawn again.
#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pictures/picture_file.h"
#include "pictures/picture_info.h"
#include "tests/support/expect_error.h"
#include "tests/support/program_test.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

class Verify : public ProgramTest {
 protected:
  void draw(const std::string& name, const Arguments& more = {}) {
    Arguments arguments{"-W", "64", "-H", "64", "--steps", "1", "--seed", "7", "-q", "-o", name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult made = run(generation(arguments));
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  std::vector<uint8_t> values_of(const std::string& name) const {
    const Tensor read = pixels(name);
    std::vector<uint8_t> values;
    for (const float value : read.values()) {
      values.push_back(static_cast<uint8_t>(std::lround(value * 255.0f)));
    }
    return values;
  }
  // Writes a picture of these values that says of itself what `like` says.
  void write(const std::string& name, const std::vector<uint8_t>& values, const std::string& like,
             bool with_parameters = true) {
    const pictures::PictureInfo info = pictures::read_picture_info(folder / like);
    const std::vector<std::byte> png = pictures::encode_png(
        values, 64, 64,
        {info.texts.at("prompt"), with_parameters ? info.texts.at("parameters") : ""});
    std::ofstream file(folder / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
  }
};

TEST_F(Verify, TellsTheSameBytes) {
  draw("plain.png");
  const ProgramResult same = run({"verify", "plain.png", "-q"});
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_EQ(same.out, "plain.png: the same bytes\n");
  EXPECT_EQ(files(), Arguments{"plain.png"});
}

TEST_F(Verify, ComputesAsThePictureSays) {
  draw("integers.png", {"--compute", "int8"});
  environment["ZANIME_CPU_LEVEL"] = "baseline";
  draw("baseline.png");
  environment.erase("ZANIME_CPU_LEVEL");
  for (const char* name : {"integers.png", "baseline.png"}) {
    const ProgramResult same = run({"verify", name, "-q"});
    EXPECT_EQ(same.exit_code, 0) << same.out;
    expect_contains(same.out, "the same bytes");
  }
}

TEST_F(Verify, TellsHowFarAnotherPictureIs) {
  draw("plain.png");
  std::vector<uint8_t> values = values_of("plain.png");
  values[100] = static_cast<uint8_t>(values[100] < 128 ? values[100] + 10 : values[100] - 10);
  write("changed.png", values, "plain.png");
  const ProgramResult other = run({"verify", "changed.png", "--json", "-q"});
  EXPECT_EQ(other.exit_code, 1) << other.err;
  const ordered_json report = ordered_json::parse(other.out);
  EXPECT_EQ(report["result"], "different");
  EXPECT_EQ(report["largest_difference"], 10);
  EXPECT_NEAR(report["psnr"].get<double>(), 10 * std::log10(255.0 * 255.0 * 64 * 64 * 3 / 100),
              1e-9);
  expect_contains(report["reasons"][0], "nothing that the picture records differs");
}

TEST_F(Verify, TellsWhatIsComputedOtherwise) {
  draw("plain.png", {"--compute", "fp32"});
  const ProgramResult other = run({"verify", "plain.png", "--compute", "int8", "-q"});
  EXPECT_EQ(other.exit_code, 1) << other.out;
  expect_contains(other.out, "plain.png: another picture, ");
  expect_contains(other.out, "it was computed in fp32, and now in int8");
}

TEST_F(Verify, TellsTheSamePixelsOfAnotherFile) {
  draw("plain.png");
  write("bare.png", values_of("plain.png"), "plain.png", /*with_parameters=*/false);
  const ProgramResult same = run({"verify", "bare.png", "-q", "--compute", "auto"});
  EXPECT_EQ(same.exit_code, 0) << same.err;
  expect_contains(same.out, "the same pixels");
  expect_contains(same.out, "does not say in what its numbers were computed");
}

TEST_F(Verify, NeedsAGraph) {
  draw("plain.png");
  const std::vector<std::byte> png = pictures::encode_png(values_of("plain.png"), 64, 64, {});
  std::ofstream(folder / "none.png", std::ios::binary)
      .write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
  const ProgramResult none = run({"verify", "none.png"});
  EXPECT_EQ(none.exit_code, 4);
  expect_contains(none.err, "carries no graph");
}

}  // namespace
}  // namespace zanime::cli
