#include "models/tokenizer.h"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <utf8proc.h>

#include "base/error.h"
#include "models/tokenizer_bpe.h"
#include "models/tokenizer_text.h"
#include "models/tokenizer_vocabulary.h"
#include "tests/support/golden.h"

namespace zanime::models {
namespace {

using Ids = std::vector<int32_t>;

Ids encode(std::string_view text) { return Tokenizer::qwen2().encode(text); }

// utf8proc's own NFC, to check ours.
std::string utf8proc_nfc(const std::string& text) {
  utf8proc_uint8_t* normalized = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &normalized,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::string result(reinterpret_cast<const char*>(normalized), size);
  std::free(normalized);
  return result;
}

std::string utf8(char32_t code) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)};
}

// Processor time, which a busy machine does not stretch.
double seconds(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// A character of random kind: scripts, marks, spaces, punctuation, all planes.
char32_t random_code(std::mt19937& random) {
  static constexpr std::pair<char32_t, char32_t> kRanges[] = {
      {0x00, 0x7f},       {0x00, 0x7f},      {0x80, 0x24f},      {0x300, 0x36f},
      {0x370, 0x5ff},     {0x900, 0xdff},    {0x1100, 0x11ff},   {0x1e00, 0x20ff},
      {0x2000, 0x206f},   {0x3000, 0x30ff},  {0x4e00, 0x9fff},   {0xac00, 0xd7a3},
      {0xf900, 0xfaff},   {0xff00, 0xffef},  {0x1d100, 0x1d1ff}, {0x1f300, 0x1f9ff},
      {0x2f800, 0x2fa1f}, {0xe000, 0x10ffff}};
  const auto& [first, last] = kRanges[random() % std::size(kRanges)];
  return first + random() % (last - first + 1);
}

std::string random_text(std::mt19937& random) {
  std::string text;
  const size_t length = random() % 40;
  for (size_t i = 0; i < length; ++i) text += utf8(random_code(random));
  return text;
}

TEST(Tokenizer, GivesTheReferenceIdsWithTemplate) {
  const nlohmann::json cases = testing::golden_json("tokens.json");
  ASSERT_EQ(cases.size(), 51u);
  for (const auto& entry : cases) {
    const auto text = entry["text"].get<std::string>();
    EXPECT_EQ(Tokenizer::qwen2().encode_prompt(text), entry["ids"].get<Ids>()) << text;
  }
}

// The pieces that ComfyUI makes of a prompt whose embeddings it has no files for.
TEST(Tokenizer, LeavesEmbeddingsOut) {
  const auto ids_of = [](const std::vector<std::string>& pieces) {
    Ids ids;
    for (const std::string& piece : pieces) {
      for (const int32_t id : Tokenizer::qwen2().encode(piece)) ids.push_back(id);
    }
    return ids;
  };
  std::vector<std::string> names;
  EXPECT_EQ(Tokenizer::qwen2().encode_prompt("1girl, embedding:easy, big  hat", &names),
            ids_of({"<|im_start|>user\n1girl,", ", big hat<|im_end|> <|im_start|>assistant"}));
  EXPECT_EQ(Tokenizer::qwen2().encode_prompt("embedding:a x embedding:b y", &names),
            ids_of({"<|im_start|>user", "x", "y<|im_end|> <|im_start|>assistant"}));
  EXPECT_EQ(names, (std::vector<std::string>{"easy", "a", "b"}));
  // Within a word it is text.
  EXPECT_EQ(Tokenizer::qwen2().encode_prompt("(embedding:a)", &names),
            ids_of({"<|im_start|>user\n(embedding:a)<|im_end|>\n<|im_start|>assistant\n"}));
  EXPECT_EQ(names.size(), 3u);
}

// The definition that BytePairMerger must agree with, without heap or shortcut.
Ids merge_plainly(const TokenizerVocabulary& vocabulary, std::string_view word) {
  std::vector<std::string_view> symbols;
  for (size_t i = 0; i < word.size(); ++i) symbols.push_back(word.substr(i, 1));
  for (;;) {
    std::optional<int32_t> lowest;
    size_t place = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto id =
          vocabulary.find({symbols[i].data(), symbols[i].size() + symbols[i + 1].size()});
      if (id && (!lowest || *id < *lowest)) {
        lowest = id;
        place = i;
      }
    }
    if (!lowest) break;
    symbols[place] = {symbols[place].data(), symbols[place].size() + symbols[place + 1].size()};
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
  Ids ids;
  for (const std::string_view symbol : symbols) ids.push_back(*vocabulary.find(symbol));
  return ids;
}

TEST(BytePairMerger, EveryTokenOfTheVocabularyMergesToItself) {
  // So a word that is a token need not be merged.
  const TokenizerVocabulary vocabulary;
  EXPECT_EQ(vocabulary.longest(), 128u);
  for (int32_t id = 0; id < TokenizerVocabulary::kSize; ++id) {
    ASSERT_EQ(merge_plainly(vocabulary, vocabulary.bytes(id)), Ids{id});
  }
}

TEST(BytePairMerger, AgreesWithThePlainAlgorithm) {
  const TokenizerVocabulary vocabulary;
  BytePairMerger merger(vocabulary);
  std::mt19937 random(24);
  for (int i = 0; i < 3000; ++i) {
    // Few letters make many merges; the bytes of two tokens meet in unusual ways.
    std::string word;
    if (i % 2) {
      for (size_t length = random() % 60; length > 0; --length) word += "aest"[random() % 4];
    } else {
      for (int piece = 0; piece < 4; ++piece) {
        word += vocabulary.bytes(static_cast<int32_t>(random() % TokenizerVocabulary::kSize));
      }
    }
    Ids ids;
    merger.append_tokens(word, ids);
    EXPECT_EQ(ids, merge_plainly(vocabulary, word)) << word;
  }
}

TEST(Tokenizer, DecodeOfEncodeIsNfc) {
  std::mt19937 random(20);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(random);
    EXPECT_EQ(Tokenizer::qwen2().decode(encode(text)), utf8proc_nfc(text));
  }
}

TEST(Tokenizer, RandomBytesBecomeWellFormedText) {
  std::mt19937 random(21);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char& byte : bytes)
      byte = static_cast<char>(random() % 2 ? random() : random() % 0x40 + 0xc0);
    const std::string repaired = repair_utf8(bytes);
    EXPECT_EQ(Tokenizer::qwen2().decode(encode(bytes)), utf8proc_nfc(repaired));
    EXPECT_EQ(repair_utf8(repaired), repaired);
  }
}

TEST(Tokenizer, ReplacesIllFormedUtf8AsPythonDoes) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(repair_utf8("a\xff"
                        "b"),
            "a" + bad + "b");
  EXPECT_EQ(repair_utf8("\xc0\x80"), bad + bad);            // overlong
  EXPECT_EQ(repair_utf8("\xed\xa0\x80"), bad + bad + bad);  // a surrogate
  EXPECT_EQ(repair_utf8("\xe2\x82"), bad);                  // cut short at the end
  EXPECT_EQ(repair_utf8("\xe2\x82z"), bad + "z");           // cut short before a letter
  EXPECT_EQ(repair_utf8("\xf0\x9f\x98\xf0\x9f\x98\x80"), bad + "\xf0\x9f\x98\x80");
  EXPECT_EQ(repair_utf8("\xf4\x90\x80\x80"), bad + bad + bad + bad);  // beyond U+10FFFF
  EXPECT_EQ(repair_utf8("\xf5\x80"), bad + bad);
  EXPECT_EQ(repair_utf8(std::string("\0", 1)), std::string("\0", 1));
  EXPECT_EQ(encode("\xff"), encode(bad));
}

TEST(Tokenizer, RecognisesSpecialTokensInsideText) {
  const Ids whole = encode("a<|im_start|>b</think><|im_start|");
  Ids parts = encode("a");
  parts.push_back(151644);
  for (const int32_t id : encode("b")) parts.push_back(id);
  parts.push_back(151668);
  for (const int32_t id : encode("<|im_start|")) parts.push_back(id);
  EXPECT_EQ(whole, parts);
  for (int32_t id = 151643; id <= 151668; ++id) {
    EXPECT_EQ(encode(Tokenizer::qwen2().decode({{id}})), Ids{id});
  }
}

TEST(Tokenizer, NormalisesOnlyBetweenSpecialTokens) {
  // U+0338 after '>' would compose to U+226F and hide the token.
  Ids expected = {151645};
  for (const int32_t id : encode("\u0338")) expected.push_back(id);
  EXPECT_EQ(encode("<|im_end|>\u0338"), expected);
}

TEST(Tokenizer, UnescapesParenthesesOnly) {
  const Tokenizer& tokenizer = Tokenizer::qwen2();
  EXPECT_EQ(tokenizer.encode_prompt("\\(a\\)"), tokenizer.encode_prompt("(a)"));
  EXPECT_EQ(tokenizer.encode_prompt("\\\\("), encode("<|im_start|>user\n\\(<|im_end|>\n"
                                                     "<|im_start|>assistant\n"));
  EXPECT_NE(tokenizer.encode_prompt("\\[a\\]"), tokenizer.encode_prompt("[a]"));
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  WordSplitter().split(text, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

TEST(WordSplitter, FollowsUnicodeNotTheLibrarysVersion) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(words_of("don'\u017ft"), (Words{"don", "'\u017f", "t"}));
  EXPECT_EQ(words_of("a\u0085\u2028 b"), (Words{"a", "\u0085\u2028", " b"}));
  EXPECT_EQ(words_of("\u180e\u180e"), (Words{"\u180e\u180e"}));  // not white space: one symbol run
  EXPECT_EQ(words_of(" \u180e"), (Words{" \u180e"}));
  EXPECT_EQ(words_of("\x1c\x1d"), (Words{"\x1c\x1d"}));
  EXPECT_EQ(words_of("!\U00031350!"), (Words{"!\U00031350", "!"}));  // a letter since Unicode 15
  EXPECT_EQ(words_of("\U0001e4f0\U0001e4f1"), (Words{"\U0001e4f0", "\U0001e4f1"}));
  EXPECT_EQ(words_of("\r\n \r\nx"), (Words{"\r\n \r\n", "x"}));
}

TEST(NormalizeNfc, AgreesWithUtf8proc) {
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const std::string text = utf8(code);
    ASSERT_EQ(normalize_nfc(text), utf8proc_nfc(text)) << static_cast<uint32_t>(code);
  }
  std::mt19937 random(22);
  for (int i = 0; i < 3000; ++i) {
    std::string text = "a";
    for (int mark = 0; mark < 12; ++mark) text += utf8(0x300 + random() % 0x70);
    EXPECT_EQ(normalize_nfc(text), utf8proc_nfc(text));
  }
}

TEST(Tokenizer, TakesLongInputInGoodTime) {
  Tokenizer::qwen2();
  std::mt19937 random(23);
  std::string letters, marks = "a", spaces(100000, ' '), hans;
  for (int i = 0; i < 100000; ++i) {
    letters += static_cast<char>('a' + random() % 26);
    marks += i % 2 ? "\u0301" : "\u0316";
    hans += utf8(0x4e00 + random() % 0x5000);
  }
  for (const std::string& text :
       {std::string(100000, 'a'), letters, marks, spaces + "b", hans, std::string(100000, '<')}) {
    Ids ids;
    EXPECT_LT(seconds([&] { ids = encode(text); }), 1.0) << text.substr(0, 12);
    EXPECT_EQ(Tokenizer::qwen2().decode(ids), normalize_nfc(text));
  }
}

TEST(Tokenizer, RefusesIdsThatDoNotExist) {
  for (const int32_t id : {-1, 151669}) {
    EXPECT_THROW(Tokenizer::qwen2().decode({{id}}), Error);
  }
}

}  // namespace
}  // namespace zanime::models
