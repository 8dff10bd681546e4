#include "ops/activation.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace zanime::ops {

Activation Activation::reshaped(Shape shape) const {
  if (shape.size() != shape_.size()) {
    throw std::invalid_argument("Activation::reshaped: " + shape_.to_string() + " to " +
                                shape.to_string());
  }
  Activation view = *this;
  view.shape_ = std::move(shape);
  return view;
}

Activation Activation::rows(int64_t first, int64_t count) const {
  if (rank() == 0 || first < 0 || count < 0 || first + count > dim(0)) {
    throw std::out_of_range("Activation::rows: [" + std::to_string(first) + ", " +
                            std::to_string(first + count) + ") of " + shape_.to_string());
  }
  Activation view = *this;
  view.shape_[0] = count;
  view.offset_ += dim(0) == 0 ? 0 : first * (size() / dim(0));
  return view;
}

}  // namespace zanime::ops
