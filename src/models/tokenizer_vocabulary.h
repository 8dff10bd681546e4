// The tokens of Qwen2's byte-level BPE, linked into the program.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace zanime::models {

// A token's id is also its rank: of two possible merges the one that makes the lower id goes first.
class TokenizerVocabulary {
 public:
  static constexpr int32_t kSize = 151643;

  // Indexes the embedded tokens: a few milliseconds.
  TokenizerVocabulary();

  // The bytes of token `id`, 0 <= id < kSize.
  std::string_view bytes(int32_t id) const {
    return {text_ + offsets_[id], offsets_[id + 1] - offsets_[id]};
  }
  // The token of exactly these bytes. Every single byte is a token.
  std::optional<int32_t> find(std::string_view bytes) const;
  // Length in bytes of the longest token.
  size_t longest() const { return longest_; }

 private:
  const char* text_;
  std::vector<uint32_t> offsets_;
  // Open addressing with linear probing: id + 1, or 0 where free.
  std::vector<uint32_t> slots_;
  size_t longest_ = 0;
};

}  // namespace zanime::models
