#include "graph/json_text.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/expect_error.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;
using namespace std::string_literals;

TEST(GraphJson, RefusesHostileText) {
  const auto parse = [](const std::string& text) { parse_graph_json(text, "graph.json"); };
  expect_error(ErrorKind::kGraph, "graph.json: not valid JSON", [&] { parse("{"); });
  expect_error(ErrorKind::kGraph, "not valid JSON", [&] { parse(""); });
  expect_error(ErrorKind::kGraph, "not valid JSON", [&] { parse("{\"a\": nan}"); });
  expect_error(ErrorKind::kGraph, "not valid JSON", [&] { parse("{\"a\": NaN1}"); });
  expect_error(ErrorKind::kGraph, "not valid JSON", [&] { parse("{\"a\": 1e999}"); });
  expect_error(ErrorKind::kGraph, "not valid JSON", [&] { parse("{} {}"); });
  expect_error(ErrorKind::kGraph, "not valid JSON", [&] { parse("{\"\xff\": 1}"); });
  expect_error(ErrorKind::kGraph, "levels deep",
               [&] { parse(std::string(100000, '[') + std::string(100000, ']')); });
  expect_error(ErrorKind::kGraph, "levels deep", [&] { parse(std::string(100000, '[')); });
  expect_error(ErrorKind::kGraph, "\"8\" stands twice", [&] { parse(R"({"8": 1, "8": 2})"); });
  expect_error(ErrorKind::kGraph, "32 MB", [&] { parse(std::string(40 << 20, ' ')); });
}

TEST(GraphJson, AllowsAByteOrderMarkAndEqualKeysInDifferentObjects) {
  EXPECT_EQ(parse_graph_json("\xef\xbb\xbf{\"a\": {\"x\": 1}, \"b\": {\"x\": 2}}", "g").size(), 2u);
}

TEST(GraphJson, IsWhatTheLibraryReads) {
  const std::string text =
      R"({"z": [1, -2, 3.5, true, false, null, "é\u00e9\ud83d\ude00"], "a": {"b": {}, "c": []},
          "big": 18446744073709551615, "small": -9223372036854775808})";
  EXPECT_EQ(parse_graph_json(text, "g").dump(), ordered_json::parse(text).dump());
}

TEST(GraphJson, TakesWhatPythonWritesForNoNumberAsNull) {
  EXPECT_EQ(
      parse_graph_json(R"({"a": NaN, "b": [Infinity, -Infinity], "c": "NaN, \"Infinity"})", "g")
          .dump(),
      R"({"a":null,"b":[null,null],"c":"NaN, \"Infinity"})");
}

TEST(GraphJson, ReadsUtf16) {
  const std::string little = "{\0\"\0a\0\"\0:\0\"\0\xe9\0\"\0}\0"s;
  const std::string big = "\0{\0\"\0a\0\"\0:\0\"\0\xe9\0\"\0}"s;
  for (const std::string& text : {little, big, "\xff\xfe" + little, "\xfe\xff" + big}) {
    EXPECT_EQ(parse_graph_json(text, "g").dump(), "{\"a\":\"é\"}");
  }
}

// Seconds for n keys and values of a few bytes each; the best of three.
double seconds_for(int n) {
  std::string text = "[";
  for (int i = 0; i < n; ++i) {
    text += (i % 10000 == 0 ? (i == 0 ? "{" : "}, {") : ", ") + ("\"key" + std::to_string(i)) +
            "\": [\"1\", 0]";
  }
  text += "}]";
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    parse_graph_json(text, "g");
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count());
  }
  return best;
}

TEST(GraphJson, TakesTimeInProportion) {
  // Looking through all keys for each one would take hundreds of times as long.
  EXPECT_LT(seconds_for(10000), 40 * seconds_for(1000) + 0.05);
}

TEST(GraphJson, RefusesWhatNoGraphHas) {
  std::string keys = "{";
  for (int i = 0; i <= 20000; ++i) keys += "\"" + std::to_string(i) + "\": 0, ";
  expect_error(ErrorKind::kGraph, "g: an object with more than 20000 keys",
               [&] { parse_graph_json(keys + "\"x\": 0}", "g"); });
  std::string values = "[0";
  for (int i = 0; i < 1000000; ++i) values += ",0";
  expect_error(ErrorKind::kGraph, "g: more than 1000000 values",
               [&] { parse_graph_json(values + "]", "g"); });
}

}  // namespace
}  // namespace zanime::graph
