#include "models/tokenizer_bpe.h"

#include <algorithm>
#include <optional>

namespace zanime::models {
namespace {

// Heap order of candidates: lowest rank on top, leftmost among equals.
constexpr auto kGoesLater = [](const auto& a, const auto& b) {
  return a.id != b.id ? a.id > b.id : a.left > b.left;
};

}  // namespace

void BytePairMerger::consider(std::string_view word, uint32_t left) {
  const uint32_t right = left + symbols_[left].length;
  if (right >= word.size()) return;
  const uint32_t length = symbols_[left].length + symbols_[right].length;
  const std::optional<int32_t> id = vocabulary_.find(word.substr(left, length));
  if (!id) return;
  heap_.push_back({*id, left, length});
  std::push_heap(heap_.begin(), heap_.end(), kGoesLater);
}

void BytePairMerger::append_tokens(std::string_view word, std::vector<int32_t>& ids) {
  // Most words are one token, and merging the bytes of a token gives that token.
  if (const std::optional<int32_t> id = vocabulary_.find(word)) {
    ids.push_back(*id);
    return;
  }
  const auto size = static_cast<uint32_t>(word.size());
  symbols_.resize(size);
  heap_.clear();
  for (uint32_t i = 0; i < size; ++i) {
    symbols_[i] = {*vocabulary_.find(word.substr(i, 1)), 1, i - 1};
  }
  for (uint32_t i = 0; i + 1 < size; ++i) consider(word, i);

  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), kGoesLater);
    const Candidate merge = heap_.back();
    heap_.pop_back();
    Symbol& left = symbols_[merge.left];
    const uint32_t right = merge.left + left.length;
    if (left.length == 0 || right >= size) continue;
    if (left.length + symbols_[right].length != merge.length) continue;

    left.id = merge.id;
    left.length = merge.length;
    symbols_[right].length = 0;
    const uint32_t next = merge.left + merge.length;
    if (next < size) symbols_[next].previous = merge.left;
    if (merge.left > 0) consider(word, left.previous);
    consider(word, merge.left);
  }

  for (uint32_t i = 0; i < size; i += symbols_[i].length) ids.push_back(symbols_[i].id);
}

}  // namespace zanime::models
