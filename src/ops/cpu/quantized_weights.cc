#include "ops/cpu/quantized_weights.h"

#include <utility>

namespace zanime::ops::cpu {

QuantizedWeight::QuantizedWeight(int64_t rows, int64_t depth)
    : rows_(rows), depth_(depth), values_(rows * depth), scales_(rows), sums_(rows) {}

QuantizedPanel QuantizedWeight::panel(int64_t first_row) {
  return {values_.data() + first_row * depth_, scales_.data() + first_row,
          sums_.data() + first_row};
}

int64_t QuantizedWeight::bytes_for(int64_t rows, int64_t depth) {
  return rows * (depth + static_cast<int64_t>(sizeof(float) + sizeof(int32_t)));
}

QuantizedWeights::Key QuantizedWeights::key_of(const weights::Weight& weight) {
  return {weight.parts().front().data, weight.rows(), weight.columns()};
}

QuantizedWeight* QuantizedWeights::find(const weights::Weight& weight) {
  if (!weight.changes().empty()) return nullptr;
  const auto found = entries_.find(key_of(weight));
  if (found == entries_.end()) return nullptr;
  // Another file may lie where a closed one was.
  return found->second.file.lock() == weight.owner() ? &found->second.weight : nullptr;
}

QuantizedWeight* QuantizedWeights::add(const weights::Weight& weight) {
  const int64_t size = QuantizedWeight::bytes_for(weight.rows(), weight.columns());
  if (!weight.changes().empty() || weight.owner() == nullptr || size > capacity_) return nullptr;
  if (bytes_ + size > capacity_) drop_closed_files();
  if (bytes_ + size > capacity_) return nullptr;
  if (const auto old = entries_.find(key_of(weight)); old != entries_.end()) {
    bytes_ -= old->second.weight.bytes();
    entries_.erase(old);
  }
  Entry entry{weight.owner(), QuantizedWeight(weight.rows(), weight.columns())};
  bytes_ += size;
  return &entries_.emplace(key_of(weight), std::move(entry)).first->second.weight;
}

void QuantizedWeights::drop_closed_files() {
  std::erase_if(entries_, [this](const auto& item) {
    if (!item.second.file.expired()) return false;
    bytes_ -= item.second.weight.bytes();
    return true;
  });
}

}  // namespace zanime::ops::cpu
