#include "pictures/name_words.h"

#include <gtest/gtest.h>

namespace zanime::pictures {
namespace {

TEST(NameWords, StandForWhatIsGiven) {
  const auto filled = [](const std::string& text) {
    return fill_in_words(text, [](const std::string& word) {
      return word == "a" ? std::optional<std::string>("%b%") : std::nullopt;
    });
  };
  EXPECT_EQ(filled("x%a%y%a%"), "x%b%y%b%");
  EXPECT_EQ(filled("50%_%a%"), "50%_%b%");
  EXPECT_EQ(filled("%c%%a"), "%c%%a");
  EXPECT_EQ(filled("%%a%%"), "%%b%%");
}

TEST(NameWords, TellTheTime) {
  EXPECT_EQ(time_word("day"), date_word("date:dd"));
  EXPECT_EQ(time_word("year"), date_word("date:yyyy"));
  EXPECT_FALSE(time_word("width"));
  EXPECT_FALSE(date_word("day"));
}

}  // namespace
}  // namespace zanime::pictures
