#include "models/tokenizer.h"

#include <array>
#include <sstream>
#include <string>

#include "base/error.h"
#include "models/tokenizer_bpe.h"
#include "models/tokenizer_text.h"
#include "models/tokenizer_vocabulary.h"

namespace zanime::models {
namespace {

// Ids continue those of the vocabulary. None is the beginning of another.
constexpr std::array<std::string_view, 26> kSpecialTokens = {"<|endoftext|>",
                                                             "<|im_start|>",
                                                             "<|im_end|>",
                                                             "<|object_ref_start|>",
                                                             "<|object_ref_end|>",
                                                             "<|box_start|>",
                                                             "<|box_end|>",
                                                             "<|quad_start|>",
                                                             "<|quad_end|>",
                                                             "<|vision_start|>",
                                                             "<|vision_end|>",
                                                             "<|vision_pad|>",
                                                             "<|image_pad|>",
                                                             "<|video_pad|>",
                                                             "<tool_call>",
                                                             "</tool_call>",
                                                             "<|fim_prefix|>",
                                                             "<|fim_middle|>",
                                                             "<|fim_suffix|>",
                                                             "<|fim_pad|>",
                                                             "<|repo_name|>",
                                                             "<|file_sep|>",
                                                             "<tool_response>",
                                                             "</tool_response>",
                                                             "<think>",
                                                             "</think>"};

// The index of the special token at the front of `text`, or -1.
int special_token_at(std::string_view text) {
  for (size_t i = 0; i < kSpecialTokens.size(); ++i) {
    if (text.starts_with(kSpecialTokens[i])) return static_cast<int>(i);
  }
  return -1;
}

// `\(` and `\)` are how ComfyUI's prompts write parentheses that set no emphasis.
std::string unescape_parentheses(std::string_view prompt) {
  std::string text;
  text.reserve(prompt.size());
  for (size_t i = 0; i < prompt.size(); ++i) {
    const bool escapes = prompt[i] == '\\' && i + 1 < prompt.size() &&
                         (prompt[i + 1] == '(' || prompt[i + 1] == ')');
    if (!escapes) text += prompt[i];
  }
  return text;
}

constexpr std::string_view kEmbedding = "embedding:";

// Where a blank or a line break stands before that word.
size_t embedding_at(const std::string& text, size_t from) {
  for (size_t at = text.find(kEmbedding, from); at != std::string::npos;
       at = text.find(kEmbedding, at + 1)) {
    if (at > from && (text[at - 1] == ' ' || text[at - 1] == '\n')) return at - 1;
  }
  return std::string::npos;
}

struct EmbeddingWord {
  std::string name;
  std::string rest;  // the words after it, and commas behind the name
};

EmbeddingWord split_embedding(const std::string& text) {
  std::istringstream words(text);
  EmbeddingWord result;
  words >> result.name;
  for (std::string word; words >> word;) result.rest += (result.rest.empty() ? "" : " ") + word;
  const size_t end = result.name.find_last_not_of(',') + 1;
  if (end < result.name.size()) {
    result.rest = result.name.substr(end) + " " + result.rest;
    result.name.resize(end);
  }
  return result;
}

}  // namespace

struct Tokenizer::Impl {
  TokenizerVocabulary vocabulary;
  WordSplitter splitter;
};

Tokenizer::Tokenizer() : impl_(std::make_unique<Impl>()) {}
Tokenizer::~Tokenizer() = default;

const Tokenizer& Tokenizer::qwen2() {
  static const Tokenizer tokenizer;
  return tokenizer;
}

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  const std::string repaired = repair_utf8(text);
  BytePairMerger merger(impl_->vocabulary);
  std::vector<int32_t> ids;
  const auto append_plain = [&](std::string_view plain) {
    impl_->splitter.split(normalize_nfc(plain),
                          [&](std::string_view word) { merger.append_tokens(word, ids); });
  };
  // Special tokens are found in the text as given; what lies between them is normalised.
  const std::string_view rest = repaired;
  size_t plain_begin = 0;
  for (size_t i = rest.find('<'); i != std::string_view::npos; i = rest.find('<', i)) {
    const int special = special_token_at(rest.substr(i));
    if (special < 0) {
      ++i;
      continue;
    }
    append_plain(rest.substr(plain_begin, i - plain_begin));
    ids.push_back(TokenizerVocabulary::kSize + special);
    i += kSpecialTokens[special].size();
    plain_begin = i;
  }
  append_plain(rest.substr(plain_begin));
  return ids;
}

std::vector<int32_t> Tokenizer::encode_prompt(std::string_view prompt,
                                              std::vector<std::string>* embeddings,
                                              const Template& around) const {
  const std::string text =
      std::string(around.before) + unescape_parentheses(prompt) + std::string(around.after);
  size_t next = embedding_at(text, 0);
  std::vector<int32_t> ids = encode(std::string_view(text).substr(0, next));
  while (next != std::string::npos) {
    const size_t start = next + 1 + kEmbedding.size();
    next = embedding_at(text, start);
    const EmbeddingWord word = split_embedding(text.substr(start, next - start));
    if (embeddings != nullptr && !word.name.empty()) embeddings->push_back(word.name);
    const std::vector<int32_t> more = encode(word.rest);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
  constexpr auto kEnd = TokenizerVocabulary::kSize + static_cast<int32_t>(kSpecialTokens.size());
  std::string text;
  for (const int32_t id : ids) {
    if (id < 0 || id >= kEnd) {
      throw Error(ErrorKind::kUsage, "token id " + std::to_string(id) + " is not one of the " +
                                         std::to_string(kEnd) + " of the Qwen2 vocabulary");
    }
    text += id < TokenizerVocabulary::kSize ? impl_->vocabulary.bytes(id)
                                            : kSpecialTokens[id - TokenizerVocabulary::kSize];
  }
  return text;
}

}  // namespace zanime::models
