#include "base/shape.h"

#include "base/error.h"

namespace zanime {

Shape Shape::checked(std::vector<int64_t> dims) {
  Shape shape(std::move(dims));
  int64_t size = 1;
  for (int64_t extent : shape.dims_) {
    if (extent < 0) {
      throw Error(ErrorKind::kFile, "shape " + shape.to_string() + " has a negative extent");
    }
    // A zero extent makes the tensor empty, whatever the others are: it must not hide an overflow.
    if (extent != 0 && __builtin_mul_overflow(size, extent, &size)) {
      throw Error(ErrorKind::kFile,
                  "shape " + shape.to_string() + " has more elements than 64 bits can count");
    }
  }
  return shape;
}

int64_t Shape::size() const {
  int64_t size = 1;
  for (int64_t extent : dims_) size *= extent;
  return size;
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(dims_[i]);
  }
  return text + "]";
}

}  // namespace zanime
