// Reading a network's widths off the tensors of its file.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "checkpoints/model_weights.h"

namespace zanime::models {

// Number of consecutive blocks `stem.0.…`, `stem.1.…`. Throws Error(kFile) when a number is left
// out (a file that lost a shard).
int64_t count_blocks(const checkpoints::ModelWeights& weights, const std::string& stem);

// The rows of several matrices with equal columns, or the values of several vectors, as one weight,
// each left where it lies in its file.
weights::Weight stack_rows(std::initializer_list<const weights::Weight*> weights,
                           const std::string& name);

}  // namespace zanime::models
