// Texts for people: quotes, names that resemble one another, sizes, UTF-8.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text/near_matches.h"
#include "base/text/quote.h"
#include "base/text/size_text.h"
#include "base/text/utf8.h"

namespace zanime::text {
namespace {

using std::string_literals::operator""s;
using Names = std::vector<std::string>;

TEST(Quote, ShowsWhatATerminalMustNotGet) {
  EXPECT_EQ(quote("plain text"), "'plain text'");
  EXPECT_EQ(quote("\x1b[2J\n\0\x7f"s), "'\\x1b[2J\\x0a\\x00\\x7f'");
  EXPECT_EQ(quote("é"), "'\\xc3\\xa9'");
}

TEST(Quote, CutsWhatIsLong) {
  EXPECT_EQ(quote("abcdef", 6), "'abcdef'");
  EXPECT_EQ(quote("abcdef", 3), "'abc…'");
}

TEST(ByteCount, NamesTheExactNumberToo) {
  EXPECT_EQ(byte_count(0), "0 bytes");
  EXPECT_EQ(byte_count(1), "1 byte");
  EXPECT_EQ(byte_count(9999), "9999 bytes");
  EXPECT_EQ(byte_count(10'000), "10 kB (10,000 bytes)");
  EXPECT_EQ(byte_count(6'150'000'123), "6.15 GB (6,150,000,123 bytes)");
}

TEST(SizeText, HasThreeDigits) {
  EXPECT_EQ(size_text(0), "0 bytes");
  EXPECT_EQ(size_text(1), "1 byte");
  EXPECT_EQ(size_text(999), "999 bytes");
  EXPECT_EQ(size_text(1000), "1.00 kB");
  EXPECT_EQ(size_text(9'994), "9.99 kB");
  EXPECT_EQ(size_text(9'996), "10.0 kB");
  EXPECT_EQ(size_text(99'960), "100 kB");
  EXPECT_EQ(size_text(335'304'388), "335 MB");
  EXPECT_EQ(size_text(999'499'999), "999 MB");
  EXPECT_EQ(size_text(999'500'000), "1.00 GB");
  EXPECT_EQ(size_text(6'154'968'720), "6.15 GB");
  EXPECT_EQ(size_text(10'512'806'320), "10.5 GB");
  EXPECT_EQ(size_text(2'000'000'000'000), "2.00 TB");
}

TEST(NearMatches, BestFirst) {
  const Names names{"heun", "euler_ancestral", "euler", "dpm_2"};
  EXPECT_EQ(near_matches("EULER", names), (Names{"euler", "euler_ancestral"}));
  EXPECT_EQ(near_matches("euler", names, 1), Names{"euler"});
  EXPECT_EQ(near_matches("huen", names), Names{"heun"});
  EXPECT_TRUE(near_matches("zzzzzz", names).empty());
  // Names come from files and may be of any length.
  EXPECT_EQ(near_matches(std::string(100'000, 'a'), {std::string(90'000, 'a')}).size(), 1u);
}

TEST(ListNames, JoinsWithAWord) {
  EXPECT_EQ(list_names({}), "");
  EXPECT_EQ(list_names({"a"}), "`a`");
  EXPECT_EQ(list_names({"a", "b"}, "or"), "`a` or `b`");
  EXPECT_EQ(list_names({"a", "b", "c"}), "`a`, `b` and `c`");
}

TEST(ListSome, StopsAtFive) {
  EXPECT_EQ(list_some({"a", "b"}), "'a', 'b'");
  EXPECT_EQ(list_some({"1", "2", "3", "4", "5", "6", "7"}), "'1', '2', '3', '4', '5' and 2 more");
}

TEST(Utf8, TellsWhereItEnds) {
  constexpr size_t kValid = std::string_view::npos;
  EXPECT_EQ(invalid_utf8_at("日本 é 😀"), kValid);
  EXPECT_EQ(invalid_utf8_at("\0a"s), kValid);
  EXPECT_EQ(invalid_utf8_at("\xf4\x8f\xbf\xbf"), kValid);  // U+10FFFF
  EXPECT_EQ(invalid_utf8_at("ab\xff"), 2u);
  EXPECT_EQ(invalid_utf8_at("a\xc3"), 1u);              // cut short
  EXPECT_EQ(invalid_utf8_at("\xc0\xaf"), 0u);           // a slash in two bytes
  EXPECT_EQ(invalid_utf8_at("\xe0\x9f\xbf"), 0u);       // two bytes would do
  EXPECT_EQ(invalid_utf8_at("\xed\xa0\x80"), 0u);       // half a surrogate pair
  EXPECT_EQ(invalid_utf8_at("a\xf4\x90\x80\x80"), 1u);  // beyond U+10FFFF
  EXPECT_EQ(invalid_utf8_at("\xf0\x9f\x98"), 0u);
}

TEST(Utf8, CountsCharacters) {
  EXPECT_EQ(characters_of(""), 0u);
  EXPECT_EQ(characters_of("日本 é😀"), 5u);
}

}  // namespace
}  // namespace zanime::text
