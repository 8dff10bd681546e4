#include "cli/terminal_picture.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace zanime::cli {
namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Base64, IsThatOfTheStandard) {
  // The test vectors of RFC 4648.
  EXPECT_EQ(base64(as_bytes("")), "");
  EXPECT_EQ(base64(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(base64(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(base64(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64(as_bytes("\xfb\xff\xfe")), "+//+");
}

TEST(PictureSequence, OfKittyComesInChunks) {
  const std::string png(5000, 'x');
  const std::string payload = base64(as_bytes(png));
  const std::string sequence = picture_sequence(PictureProtocol::kKitty, as_bytes(png), 20, 16, 7);
  ASSERT_TRUE(sequence.starts_with("\x1b_Ga=T,f=100,q=2,C=1,i=7,p=1,c=20,r=16,m=1;")) << sequence;
  // Take the sequences apart again.
  std::string joined;
  std::vector<std::string> keys;
  for (size_t at = 0; at < sequence.size();) {
    const size_t semicolon = sequence.find(';', at), end = sequence.find("\x1b\\", at);
    ASSERT_NE(end, std::string::npos);
    keys.push_back(sequence.substr(at + 3, semicolon - at - 3));
    const std::string part = sequence.substr(semicolon + 1, end - semicolon - 1);
    EXPECT_LE(part.size(), 4096u);
    joined += part;
    at = end + 2;
  }
  EXPECT_EQ(joined, payload);
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[1], "m=0");
}

TEST(PictureSequence, OfITermHoldsTheFile) {
  EXPECT_EQ(picture_sequence(PictureProtocol::kITerm, as_bytes("foo"), 20, 16, 7),
            "\x1b]1337;File=inline=1;size=3;width=20;height=16;preserveAspectRatio=1:Zm9v\a");
  EXPECT_EQ(picture_sequence(PictureProtocol::kNone, as_bytes("foo"), 20, 16, 7), "");
}

TEST(PictureColumns, KeepTheShape) {
  EXPECT_EQ(picture_columns(100, 100, 16), 32);
  EXPECT_EQ(picture_columns(832, 1216, 16), 22);
  EXPECT_EQ(picture_columns(1, 10000, 16), 1);
}

}  // namespace
}  // namespace zanime::cli
