#include "base/text/letter_case.h"

#include <gtest/gtest.h>

namespace zanime::text {
namespace {

TEST(LetterCase, ChangesTheLettersOfAsciiAlone) {
  EXPECT_EQ(lower_case("A.PNG [Az] @`{"), "a.png [az] @`{");
  EXPECT_EQ(lower_case("\xc3\x84Q"), "\xc3\x84q");  // A with two dots stays
  EXPECT_EQ(lower_case(""), "");
}

}  // namespace
}  // namespace zanime::text
