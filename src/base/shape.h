// Tensor extents.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace zanime {

// Extents of a row-major tensor, outermost first. No extent is negative, and the element count
// fits int64: `checked` enforces both for numbers that come from outside.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}

  // Throws Error(kFile) when an extent is negative or the element count overflows int64.
  static Shape checked(std::vector<int64_t> dims);

  int rank() const { return static_cast<int>(dims_.size()); }
  // Negative axes count from the end.
  int64_t operator[](int axis) const { return dims_[axis < 0 ? axis + dims_.size() : axis]; }
  int64_t& operator[](int axis) { return dims_[axis < 0 ? axis + dims_.size() : axis]; }
  // Number of elements; 1 for rank 0.
  int64_t size() const;
  const std::vector<int64_t>& dims() const { return dims_; }

  bool operator==(const Shape&) const = default;
  // "[2, 16, 8, 8]"
  std::string to_string() const;

 private:
  std::vector<int64_t> dims_;
};

}  // namespace zanime
