// Byte-pair merging (Sennrich, Haddow, Birch 2016, arXiv 1508.07909) over bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "models/tokenizer_vocabulary.h"

namespace zanime::models {

// Holds the working memory of a call to Tokenizer::encode. Not thread-safe; make one per call.
class BytePairMerger {
 public:
  explicit BytePairMerger(const TokenizerVocabulary& vocabulary) : vocabulary_(vocabulary) {}

  // Appends the tokens of one word of the split. Starting from its bytes, the adjacent pair that
  // makes the token of lowest rank is merged, the leftmost first, until none makes a token.
  // O(n log n) for a word of n bytes.
  void append_tokens(std::string_view word, std::vector<int32_t>& ids);

 private:
  // A run of bytes that is one token, at the index of its first byte.
  struct Symbol {
    int32_t id;
    uint32_t length;    // 0 once merged into its left neighbour
    uint32_t previous;  // index of the left neighbour; unused for the first
  };
  // A merge that was possible when it was found. It is still so if `left` and its right neighbour
  // have `length` bytes together: symbols only grow, so any merge of either changes that.
  struct Candidate {
    int32_t id;
    uint32_t left;
    uint32_t length;
  };

  void consider(std::string_view word, uint32_t left);

  const TokenizerVocabulary& vocabulary_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

}  // namespace zanime::models
