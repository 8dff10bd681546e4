#include "cli/json_output.h"

#include <gtest/gtest.h>

namespace zanime::cli {
namespace {

TEST(JsonOutput, WritesControlCharactersAsEscapes) {
  const nlohmann::ordered_json object = {{"a\x7f\xc2\x85", "é\x1b\xc2\x9b\xff"}};
  const std::string text = json_text(object);
  EXPECT_EQ(text, "{\n  \"a\\u007f\\u0085\": \"é\\u001b\\u009b\xef\xbf\xbd\"\n}");
  EXPECT_EQ(nlohmann::ordered_json::parse(text)["a\x7f\xc2\x85"], "é\x1b\xc2\x9b\xef\xbf\xbd");
}

}  // namespace
}  // namespace zanime::cli
