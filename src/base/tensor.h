// The float32 tensor that every room computes with.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/shape.h"

namespace zanime {

// A contiguous row-major float32 tensor. Copying shares the storage (cheap, like a handle);
// `clone` makes an independent one. Storage is aligned to 64 bytes.
//
// Sharing convention: a tensor that has been handed to someone else (stored in a cache, returned
// from a node) is not written to any more.
class Tensor {
 public:
  // No storage, rank 0, empty() is true.
  Tensor() = default;
  // Uninitialised storage. Throws Error(kResource) when the memory is not to be had.
  explicit Tensor(Shape shape);
  // Memory that holds the shape's values already.
  Tensor(Shape shape, std::shared_ptr<float> storage)
      : shape_(std::move(shape)), storage_(std::move(storage)) {}
  static Tensor zeros(Shape shape);
  // Throws std::invalid_argument when the count does not match.
  static Tensor from(Shape shape, const std::vector<float>& values);

  bool empty() const { return storage_ == nullptr; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  int64_t dim(int axis) const { return shape_[axis]; }
  int64_t size() const { return empty() ? 0 : shape_.size(); }

  float* data() { return storage_.get(); }
  const float* data() const { return storage_.get(); }
  std::span<float> values() { return {data(), static_cast<size_t>(size())}; }
  std::span<const float> values() const { return {data(), static_cast<size_t>(size())}; }

  const std::shared_ptr<float>& storage() const { return storage_; }

  Tensor clone() const;
  // The same storage under another shape of equal size.
  Tensor reshaped(Shape shape) const;
  // Rows [first, first + count) of the outermost axis, sharing the storage.
  Tensor rows(int64_t first, int64_t count) const;

 private:
  Shape shape_;
  std::shared_ptr<float> storage_;
};

// True when every value is finite.
bool all_finite(const Tensor& tensor);

}  // namespace zanime
