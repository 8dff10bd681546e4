// How a backend makes an Activation and finds what it lies in. For backends alone: networks and
// nodes do not include this.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "ops/activation.h"

namespace zanime::ops {

class BackendMemory {
 public:
  // `memory` holds shape.size() values of `dtype` in whatever way the backend knows them.
  static Activation wrap(Shape shape, DType dtype, std::shared_ptr<void> memory) {
    Activation activation;
    activation.shape_ = std::move(shape);
    activation.dtype_ = dtype;
    activation.memory_ = std::move(memory);
    return activation;
  }

  static DType dtype(const Activation& activation) { return activation.dtype_; }
  static const std::shared_ptr<void>& memory(const Activation& activation) {
    return activation.memory_;
  }
  // Of the first value in the memory, in values: Activation::rows moves it.
  static int64_t offset(const Activation& activation) { return activation.offset_; }
};

}  // namespace zanime::ops
