#include "engine/prompt_expansion.h"

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/environment.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"

namespace zanime::engine {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;

std::string expand(const std::string& prompt, uint64_t seed = 1,
                   Wildcards wildcards = Wildcards()) {
  Dice dice(seed);
  return expand_prompt(prompt, dice, wildcards);
}

// How often each result comes, over seeds 0, 1, 2, …
std::map<std::string, int> counts(const std::string& prompt, int draws,
                                  const Wildcards& wildcards = Wildcards()) {
  std::map<std::string, int> counts;
  for (int seed = 0; seed < draws; ++seed) {
    ++counts[expand(prompt, static_cast<uint64_t>(seed), wildcards)];
  }
  return counts;
}

TEST(Dice, IsSplitMix64) {
  // The first outputs for seed 1234567 that the generator's authors publish, as fractions.
  Dice dice(1234567);
  EXPECT_DOUBLE_EQ(dice.draw(), static_cast<double>(6457827717110365317u >> 11) * 0x1p-53);
  EXPECT_DOUBLE_EQ(dice.draw(), static_cast<double>(3203168211198807973u >> 11) * 0x1p-53);
}

TEST(ExpandPrompt, LeavesPlainPromptsAsTheyAre) {
  for (const std::string prompt :
       {"1girl, silver hair", "miku \\(vocaloid\\), (smile:1.2)", "^__^, @__@, a__b", "__ __", "",
        "C:\\dir, a|b, 桜", "___", "__a b__", "1::2", "2$$a"}) {
    EXPECT_EQ(expand(prompt), prompt);
  }
}

TEST(ExpandPrompt, TakesOneAlternativeWithEqualChances) {
  const auto hair = counts("a {red|blue|green} hat", 3000);
  ASSERT_EQ(hair.size(), 3u);
  for (const auto& [text, count] : hair) {
    EXPECT_TRUE(text == "a red hat" || text == "a blue hat" || text == "a green hat") << text;
    EXPECT_NEAR(count, 1000, 130) << text;  // five standard deviations
  }
  EXPECT_EQ(expand("{only}"), "only");
  EXPECT_EQ(expand("{}"), "");
}

TEST(ExpandPrompt, TheSameSeedDrawsTheSame) {
  const std::string prompt = "{a|b|c|d} {e|f|g|h} {i|j|k|l}";
  EXPECT_EQ(expand(prompt, 7), expand(prompt, 7));
  EXPECT_GT(counts(prompt, 200).size(), 50u) << "draws of one prompt depend on one another";
}

TEST(ExpandPrompt, NestsAndAllowsNothing) {
  const auto results = counts("{|{very|rather} }long", 400);
  std::set<std::string> texts;
  for (const auto& [text, count] : results) texts.insert(text);
  EXPECT_EQ(texts, (std::set<std::string>{"long", "very long", "rather long"}));
  EXPECT_NEAR(results.at("long"), 200, 50);
}

TEST(ExpandPrompt, WeighsAlternatives) {
  const auto results = counts("{3::red|blue|0::never}", 2000);
  EXPECT_NEAR(results.at("red"), 1500, 100);
  EXPECT_EQ(results.count("never"), 0u);
  EXPECT_EQ(counts("{.5::a|0.5::b}", 100).size(), 2u);
  // Not every pair of colons is a weight's.
  EXPECT_EQ(expand("{std::vector}"), "std::vector");
}

TEST(ExpandPrompt, TakesSeveralDifferentOnes) {
  for (const auto& [text, count] : counts("{2$$a|b|c}", 300)) {
    EXPECT_EQ(text.size(), 4u) << text;
    EXPECT_EQ(text.substr(1, 2), ", ");
    EXPECT_NE(text[0], text[3]);
  }
  EXPECT_EQ(counts("{2$$a|b|c}", 300).size(), 6u);
  std::set<size_t> lengths;
  for (const auto& [text, count] : counts("{0-2$$+$$a|b|c}", 300)) lengths.insert(text.size());
  EXPECT_EQ(lengths, (std::set<size_t>{0, 1, 3}));
  EXPECT_EQ(expand("{5$$ and $$a|a}"), "a and a");
}

TEST(ExpandPrompt, BackslashesMakeSignsLiteral) {
  EXPECT_EQ(expand("\\{a|b\\} and {x\\|y}"), "{a|b} and x|y");
  EXPECT_EQ(expand("\\__init__"), "__init__");
  EXPECT_EQ(expand("{\\}}"), "}");
}

TEST(ExpandPrompt, NamesTheBraceThatDoesNotMatch) {
  expect_error(ErrorKind::kUsage, "a { without a } at character 4",
               [] { expand("桜, {red|blue hair"); });
  expect_error(ErrorKind::kUsage, "a } without a { at character 9", [] { expand("red {a} }"); });
  EXPECT_EQ(problem_of_braces("{a{b}c}\\{"), "");
  expect_contains(problem_of_braces(std::string(100, '{')), "64 deep");
}

class WildcardFiles : public ::testing::Test {
 protected:
  WildcardFiles() {
    fs::create_directories(folder / "first/clothes");
    fs::create_directories(folder / "second");
    folder.write("first/colour.txt", "\xef\xbb\xbf# comment\r\nred\r\n\r\n  blue \n2::green\n");
    folder.write("first/clothes/hat.txt", "{big|small} __colour__ hat\n");
    folder.write("second/colour.txt", "never\n");
    folder.write("second/place.txt", "forest");
    folder.write("second/circle.txt", "__circle__");
    folder.write("second/broken.txt", "a {b");
    folder.write("second/empty.txt", "# nothing\n");
    folder.write("second/latin.txt", "gr\xfcn");
    folder.write("second/flood.txt", "__flood2__ __flood2__ __flood2__ __flood2__");
    folder.write("second/flood2.txt", "__flood3__ __flood3__ __flood3__ __flood3__ __flood3__");
    folder.write("second/flood3.txt", "__flood4__ __flood4__ __flood4__ __flood4__ __flood4__");
    folder.write("second/flood4.txt", std::string(2000, 'x'));
    folder.write("secret.txt", "secret");
  }
  Wildcards wildcards() const { return Wildcards({folder / "first", folder / "second"}); }

  ScratchFolder folder;
};

TEST_F(WildcardFiles, StandForTheirLines) {
  const auto results = counts("__colour__ hair", 800, wildcards());
  ASSERT_EQ(results.size(), 3u) << "the first folder that has the name counts";
  EXPECT_NEAR(results.at("green hair"), 400, 75);
  EXPECT_EQ(results.count("blue hair"), 1u) << "blanks around lines do not count";
  EXPECT_EQ(expand("in a __place__, __place__", 1, wildcards()), "in a forest, forest");
}

TEST_F(WildcardFiles, LieInSubfoldersAndNameOneAnother) {
  EXPECT_EQ(counts("__clothes/hat__", 300, wildcards()).size(), 6u);
  EXPECT_EQ(counts("{__place__|__colour__}", 300, wildcards()).size(), 4u);
}

TEST_F(WildcardFiles, AreNamedWhenTheyCannotBeUsed) {
  const auto draw = [&](const std::string& prompt) { expand(prompt, 1, wildcards()); };
  const Error missing = expect_error([&] { draw("__color__"); });
  EXPECT_EQ(missing.kind(), ErrorKind::kFile);
  expect_contains(missing.what(),
                  (folder / "first").string() + "` or `" + (folder / "second").string());
  expect_contains(missing.what(), "did you mean `colour`?");
  expect_contains(missing.what(), "--wildcards DIR");
  expect_error(ErrorKind::kFile, "no folder with wildcard files", [] { expand("__colour__"); });
  expect_error(ErrorKind::kFile, "there is no ../secret.txt", [&] { draw("__../secret__"); });
  expect_error(ErrorKind::kUsage, "circle -> circle", [&] { draw("__circle__"); });
  expect_error(ErrorKind::kFile, "\"broken\" has the line", [&] { draw("__broken__"); });
  expect_error(ErrorKind::kFile, "has no line to choose", [&] { draw("__empty__"); });
  expect_error(ErrorKind::kFile, "not valid UTF-8 at byte 2", [&] { draw("__latin__"); });
  expect_error(ErrorKind::kUsage, "too much text", [&] { draw("__flood__"); });
}

TEST_F(WildcardFiles, LieInOrBesideTheModelsRoot) {
  const ScopedVariable variable("ZANIME_WILDCARDS_DIR", std::nullopt);
  const ScopedCurrentFolder current(folder.path());
  EXPECT_TRUE(Wildcards::default_folders(folder / "a/models").empty());
  for (const char* name : {"a/models/wildcards", "a/wildcards", "wildcards"}) {
    fs::create_directories(folder / name);
  }
  EXPECT_EQ(
      Wildcards::default_folders(folder / "a/models"),
      (std::vector<fs::path>{folder / "a/models/wildcards", folder / "a/wildcards", "wildcards"}));
  const ScopedVariable chosen("ZANIME_WILDCARDS_DIR", "/elsewhere");
  EXPECT_EQ(Wildcards::default_folders(folder / "a/models"), std::vector<fs::path>{"/elsewhere"});
}

}  // namespace
}  // namespace zanime::engine
