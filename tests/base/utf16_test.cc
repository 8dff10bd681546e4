#include "base/text/utf16.h"

#include <gtest/gtest.h>

namespace zanime::text {
namespace {

using namespace std::string_literals;

TEST(Utf16, BecomesUtf8) {
  EXPECT_EQ(utf8_from_utf16("{\0\"\0\xe9\0\xac\x20\x3d\xd8\x00\xde"s, false), "{\"é€😀");
  EXPECT_EQ(utf8_from_utf16("\0{\0\xe9\x20\xac\xd8\x3d\xde\x00"s, true), "{é€😀");
  EXPECT_EQ(utf8_from_utf16("", true), "");
}

TEST(Utf16, ReplacesHalvesOfPairs) {
  EXPECT_EQ(utf8_from_utf16("\xd8\x3d\0a"s, true), "\ufffda");
  EXPECT_EQ(utf8_from_utf16("\xde\x00"s, true), "\ufffd");
  EXPECT_EQ(utf8_from_utf16("\xd8\x3d"s, true), "\ufffd");
  EXPECT_EQ(utf8_from_utf16("\0a\0"s, true), "a\ufffd");
}

}  // namespace
}  // namespace zanime::text
