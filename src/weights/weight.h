// A weight as it lies in a file: a typed view that is converted only while it is multiplied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"

namespace zanime::weights {

// A run of rows of one weight that lie together in one file, row-major.
struct WeightPart {
  const std::byte* data = nullptr;
  DType dtype = DType::kF32;
  int64_t rows = 0;
  // value = scale * stored, or row_scales[row] * stored where row_scales (length `rows`) is set.
  float scale = 1.0f;
  std::shared_ptr<const std::vector<float>> row_scales;
  // The columns are stored rotated by groups of this many (weights/rotation.h), or 0.
  int64_t rotation = 0;
};

struct WeightDelta;  // weights/weight_delta.h

// Factors of rows or of columns, which DoRA sets (checkpoints/adapters/adapter.h).
struct Magnitude {
  bool per_row = true;
  std::vector<float> weight;  // of what the weight was
  std::vector<float> delta;   // of what is added
};

// What an adapter makes of `rows` rows of a weight W from `first_row` on: W + strength * delta, or
// m.weight * W + strength * m.delta * delta with a magnitude m.
struct WeightChange {
  std::shared_ptr<const WeightDelta> delta;
  int64_t first_row = 0;
  int64_t rows = 0;
  float strength = 1.0f;
  std::shared_ptr<const Magnitude> magnitude;
  bool is_bypass = false;  // see checkpoints::AdapterMode
};

// A tensor of a weight file. A matrix [rows, columns] may consist of several parts stacked by
// rows: a fused projection whose file holds it in three tensors is never copied to fuse it.
// Higher ranks (convolutions) and vectors have one part; their "row" is everything but axis 0.
class Weight {
 public:
  Weight() = default;
  Weight(std::string name, Shape shape, std::vector<WeightPart> parts,
         std::shared_ptr<const void> owner)
      : name_(std::move(name)),
        shape_(std::move(shape)),
        parts_(std::move(parts)),
        owner_(std::move(owner)) {}

  bool empty() const { return parts_.empty(); }
  // Canonical name, for error messages.
  const std::string& name() const { return name_; }
  const Shape& shape() const { return shape_; }
  int64_t rows() const { return shape_.rank() == 0 ? 1 : shape_[0]; }
  int64_t columns() const { return rows() == 0 ? 0 : shape_.size() / rows(); }
  const std::vector<WeightPart>& parts() const { return parts_; }
  // Keeps the mapping that the parts point into alive.
  const std::shared_ptr<const void>& owner() const { return owner_; }
  // In the order in which they are applied, to each block as it is converted.
  const std::vector<WeightChange>& changes() const { return changes_; }

  // The same weight with one more change. The file's bytes are shared.
  Weight with_change(WeightChange change) const {
    Weight changed = *this;
    changed.changes_.push_back(std::move(change));
    return changed;
  }

  // The same weight without the changes that WeightChange::is_bypass marks.
  Weight without_bypass() const {
    Weight rest = *this;
    std::erase_if(rest.changes_, [](const WeightChange& change) { return change.is_bypass; });
    return rest;
  }

  // The weight as its file has it.
  Weight without_changes() const {
    Weight plain = *this;
    plain.changes_.clear();
    return plain;
  }

  // Bytes in the file.
  int64_t bytes() const;

 private:
  std::string name_;
  Shape shape_;
  std::vector<WeightPart> parts_;
  std::shared_ptr<const void> owner_;
  std::vector<WeightChange> changes_;
};

}  // namespace zanime::weights
