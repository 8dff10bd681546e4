#include "cli/progress_view.h"

#include <string>

#include <gtest/gtest.h>

#include "cli/terminal.h"

namespace zanime::cli {
namespace {

size_t columns(const std::string& utf8) {
  size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

TEST(ProgressLine, ShowsStepRateAndTimeLeft) {
  EXPECT_EQ(progress_line("KSampler", 2, 8, 1.5, 9, 80, false),
            "KSampler [########......................] 2/8  1.50 s/step  9.0 s left");
  EXPECT_EQ(progress_line("KSampler", 0, 8, 0, -1, 80, false),
            "KSampler [..............................] 0/8");
}

TEST(ProgressLine, FitsEveryWidth) {
  for (const bool utf8 : {false, true}) {
    for (int width = 0; width < 120; ++width) {
      for (int step = 0; step <= 7; ++step) {
        const std::string line = progress_line("KSampler", step, 7, 12.25, 4000, width, utf8);
        EXPECT_LE(columns(line), static_cast<size_t>(width)) << line;
      }
    }
  }
}

TEST(ProgressLine, IsFullAtTheEnd) {
  const std::string line = progress_line("K", 8, 8, 1, 0, 80, true);
  size_t blocks = 0;
  for (size_t at = line.find("█"); at != std::string::npos; at = line.find("█", at + 1)) ++blocks;
  EXPECT_EQ(blocks, 30u);
}

TEST(DurationText, ReadsAsPeopleWriteIt) {
  EXPECT_EQ(duration_text(0.04), "0.0 s");
  EXPECT_EQ(duration_text(41.23), "41.2 s");
  EXPECT_EQ(duration_text(187), "3:07");
  EXPECT_EQ(duration_text(3753), "1:02:33");
}

TEST(Printable, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\x7f"), "a\\x1b[2Jb\\x0d\\x7f");
  EXPECT_EQ(printable("line\nnext\ttab"), "line\nnext\ttab");
  EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");
  EXPECT_EQ(printable("日本 é"), "日本 é");
}

}  // namespace
}  // namespace zanime::cli
