// A weight made from a tensor.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/tensor.h"
#include "weights/weight.h"

namespace zanime::testing {

// A float32 weight whose rows lie in `parts` separate pieces.
inline weights::Weight split_weight(const Tensor& values, int parts) {
  auto owner = std::make_shared<Tensor>(values.clone());
  const int64_t rows = values.dim(0), columns = values.size() / rows;
  std::vector<weights::WeightPart> pieces;
  for (int i = 0; i < parts; ++i) {
    const int64_t begin = rows * i / parts, end = rows * (i + 1) / parts;
    weights::WeightPart part;
    part.data = reinterpret_cast<const std::byte*>(owner->data() + begin * columns);
    part.rows = end - begin;
    pieces.push_back(part);
  }
  return {"test", values.shape(), std::move(pieces), owner};
}

// The same in one piece; empty for an empty tensor. For biases and the weights of norms.
inline weights::Weight whole_weight(const Tensor& values) {
  return values.empty() ? weights::Weight() : split_weight(values, 1);
}

}  // namespace zanime::testing
