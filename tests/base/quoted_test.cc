#include "base/text/quoted.h"

#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace zanime::text {
namespace {

TEST(Quoted, ShowsTextAsJsonDoes) {
  EXPECT_EQ(text::quoted(""), "\"\"");
  EXPECT_EQ(text::quoted("a \"b\"\\\n\x01é😀"), "\"a \\\"b\\\"\\\\\\n\\u0001é😀\"");
  EXPECT_EQ(escaped("plain"), "plain");
  EXPECT_EQ(escaped("a\xff\xe2\x82z"), "a\xef\xbf\xbd\xef\xbf\xbdz");
}

TEST(Quoted, CutsBetweenCharacters) {
  EXPECT_EQ(escaped(std::string(80, 'a')), std::string(80, 'a'));
  EXPECT_EQ(escaped(std::string(81, 'a')), std::string(80, 'a') + "…");
  EXPECT_EQ(escaped(std::string(79, 'a') + "éb"), std::string(79, 'a') + "…");
}

// Bytes of all kinds, most of which are no UTF-8, held to the JSON library.
TEST(Quoted, IsWhatTheJsonLibraryWrites) {
  std::mt19937 random(1);
  const std::string common = "\x80\xbf\xc2\xe0\xe2\x9f\xa0\xed\xf0\x90\xf4\x8f\xf5\"\\\n\x7f z";
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (size_t i = 0, size = random() % 20; i < size; ++i) {
      bytes += random() % 2 == 0 ? common[random() % common.size()] : static_cast<char>(random());
    }
    const std::string expected =
        nlohmann::json(bytes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    ASSERT_EQ(text::quoted(bytes), expected) << round;
  }
}

}  // namespace
}  // namespace zanime::text
