#include "base/tensor.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sys/mman.h>

#include "base/error.h"

namespace zanime {
namespace {

constexpr size_t kAlignment = 64;
// From this size on, storage is aligned to 2 MiB so that the kernel can back it with huge pages.
constexpr size_t kHugePage = size_t{2} << 20;

std::shared_ptr<float> allocate(int64_t count) {
  const size_t wanted = static_cast<size_t>(count) * sizeof(float);
  const size_t alignment = wanted >= 2 * kHugePage ? kHugePage : kAlignment;
  const size_t bytes = std::max(alignment, (wanted + alignment - 1) / alignment * alignment);
  void* memory = std::aligned_alloc(alignment, bytes);
  if (memory == nullptr) {
    throw Error(ErrorKind::kResource, "out of memory: " + std::to_string(bytes >> 20) +
                                          " MiB more were needed; lower the size or the batch");
  }
  if (alignment == kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);
  return {static_cast<float*>(memory), [](float* p) { std::free(p); }};
}

}  // namespace

Tensor::Tensor(Shape shape) : shape_(std::move(shape)), storage_(allocate(shape_.size())) {}

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
