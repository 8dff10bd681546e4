// Weights in 8-bit integers, made for one product or kept for the next ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

#include "base/buffer.h"
#include "weights/weight.h"

namespace zanime::ops::cpu {

// Rows of a weight [rows, depth]: value = scales[row] * stored; sums are of the stored ones.
struct QuantizedPanel {
  int8_t* values;
  float* scales;
  int32_t* sums;
};

// A whole weight.
class QuantizedWeight {
 public:
  QuantizedWeight(int64_t rows, int64_t depth);

  QuantizedPanel panel(int64_t first_row);
  int64_t bytes() const { return bytes_for(rows_, depth_); }
  static int64_t bytes_for(int64_t rows, int64_t depth);

 private:
  int64_t rows_, depth_;
  Buffer<int8_t> values_;
  Buffer<float> scales_;
  Buffer<int32_t> sums_;
};

// Weights that stay converted, up to a number of bytes. The first ones that come are kept: a
// network uses all of its weights in turn, so that replacing any would replace all. Those of a
// file that is gone make room. A weight with changes in it is not kept: adapters of low rank are
// applied beside it (ops/cpu/low_rank.h).
class QuantizedWeights {
 public:
  explicit QuantizedWeights(int64_t capacity) : capacity_(capacity) {}

  // The kept weight, or null.
  QuantizedWeight* find(const weights::Weight& weight);
  // A place to convert the weight into, or null where there is no room for it.
  QuantizedWeight* add(const weights::Weight& weight);
  int64_t bytes() const { return bytes_; }

 private:
  using Key = std::tuple<const std::byte*, int64_t, int64_t>;  // where it lies, rows, columns
  struct Entry {
    std::weak_ptr<const void> file;
    QuantizedWeight weight;
  };

  static Key key_of(const weights::Weight& weight);
  void drop_closed_files();

  int64_t capacity_;
  int64_t bytes_ = 0;
  std::map<Key, Entry> entries_;
};

}  // namespace zanime::ops::cpu
