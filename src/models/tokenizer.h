// Qwen2's byte-level BPE tokenizer, and the chat template that Z-Image's prompts are wrapped in.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zanime::models {

class Tokenizer {
 public:
  // The vocabulary that ships with the engine. Loaded once per process; thread-safe.
  static const Tokenizer& qwen2();

  // NFC, special tokens, Qwen2's split pattern, then merges by lowest rank. Invalid UTF-8 is
  // replaced by U+FFFD, as Python's errors="replace" does. No template.
  std::vector<int32_t> encode(std::string_view text) const;
  // What stands around a prompt.
  struct Template {
    std::string_view before, after;
  };
  static constexpr Template kPrompt{"<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"};

  // The text of a template, Z-Image's unless said otherwise, around `prompt`, after `\(` and `\)`
  // became `(` and `)`. An `embedding:NAME` is taken out, as ComfyUI does where it has no such
  // file, and its name is put into `embeddings` when given. As there, what follows it is encoded by
  // itself, with single blanks between its words.
  std::vector<int32_t> encode_prompt(std::string_view prompt,
                                     std::vector<std::string>* embeddings = nullptr,
                                     const Template& around = kPrompt) const;
  // The bytes that the ids stand for, special tokens spelled out: decode(encode(x)) is the NFC of
  // well-formed x (between its special tokens). Throws Error(kUsage) for an id that does not exist.
  std::string decode(std::span<const int32_t> ids) const;

  ~Tokenizer();

 private:
  Tokenizer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zanime::models
