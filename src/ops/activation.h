// What networks compute with: tensors in the memory of a backend.
#pragma once

#include <cstdint>
#include <memory>

#include "base/dtype.h"
#include "base/shape.h"

namespace zanime::ops {

// A contiguous row-major tensor in a backend's memory, of an element type that the backend chose.
// Networks see its shape alone: values come in by Backend::upload and out by Backend::download.
// Copying shares the memory (cheap, like a handle).
class Activation {
 public:
  // No memory, rank 0, empty() is true.
  Activation() = default;

  bool empty() const { return memory_ == nullptr; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t dim(int axis) const { return shape_[axis]; }
  int64_t size() const { return empty() ? 0 : shape_.size(); }

  // The same memory under another shape of equal size. Throws std::invalid_argument.
  Activation reshaped(Shape shape) const;
  // Entries [first, first + count) of the outermost axis, sharing the memory. Throws
  // std::out_of_range.
  Activation rows(int64_t first, int64_t count) const;

 private:
  friend class BackendMemory;

  Shape shape_;
  DType dtype_ = DType::kF32;
  std::shared_ptr<void> memory_;
  int64_t offset_ = 0;  // of the first value, in values
};

}  // namespace zanime::ops
