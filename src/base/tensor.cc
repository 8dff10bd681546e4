#include "base/tensor.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "base/buffer.h"

namespace zanime {

Tensor::Tensor(Shape shape) : shape_(std::move(shape)) {
  std::shared_ptr<std::byte> memory =
      allocate_bytes(shape_.size() * static_cast<int64_t>(sizeof(float)));
  storage_ = std::shared_ptr<float>(memory, reinterpret_cast<float*>(memory.get()));
}

Tensor Tensor::zeros(Shape shape) {
  Tensor tensor(std::move(shape));
  std::memset(tensor.data(), 0, static_cast<size_t>(tensor.size()) * sizeof(float));
  return tensor;
}

Tensor Tensor::from(Shape shape, const std::vector<float>& values) {
  if (shape.size() != static_cast<int64_t>(values.size())) {
    throw std::invalid_argument("Tensor::from: " + std::to_string(values.size()) +
                                " values for shape " + shape.to_string());
  }
  Tensor tensor(std::move(shape));
  if (!values.empty()) std::memcpy(tensor.data(), values.data(), values.size() * sizeof(float));
  return tensor;
}

Tensor Tensor::clone() const {
  if (empty()) return {};
  Tensor copy(shape_);
  std::memcpy(copy.data(), data(), static_cast<size_t>(size()) * sizeof(float));
  return copy;
}

Tensor Tensor::reshaped(Shape shape) const {
  if (shape.size() != shape_.size()) {
    throw std::invalid_argument("Tensor::reshaped: " + shape_.to_string() + " to " +
                                shape.to_string());
  }
  Tensor view = *this;
  view.shape_ = std::move(shape);
  return view;
}

Tensor Tensor::rows(int64_t first, int64_t count) const {
  if (rank() == 0 || first < 0 || count < 0 || first + count > dim(0)) {
    throw std::out_of_range("Tensor::rows: [" + std::to_string(first) + ", " +
                            std::to_string(first + count) + ") of " + shape_.to_string());
  }
  Tensor view;
  view.shape_ = shape_;
  view.shape_[0] = count;
  const int64_t row_size = dim(0) == 0 ? 0 : size() / dim(0);
  // The aliasing constructor keeps the whole storage alive.
  view.storage_ = std::shared_ptr<float>(storage_, storage_.get() + first * row_size);
  return view;
}

bool all_finite(const Tensor& tensor) {
  // An exponent of all ones is NaN or infinity; integer compares vectorise without fast-math.
  uint32_t bad = 0;
  for (float value : tensor.values()) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    bad |= (bits & 0x7f800000u) == 0x7f800000u;
  }
  return bad == 0;
}

}  // namespace zanime
