// Convolutions and attention, bought from cuDNN.
#pragma once

#include <memory>
#include <string>

#include "ops/cuda/device.h"

namespace zanime::ops::cuda {

class Cudnn {
 public:
  virtual ~Cudnn() = default;
  virtual std::string version() const = 0;
  // As Library::convolve.
  virtual bool convolve(const Convolution& convolution, const void* x, const void* weight,
                        const float* bias, void* out) = 0;
  // As Library::attend.
  virtual bool attend(const Attention& attention, const void* qkv, void* out) = 0;
};

// Throws Error(kResource) where the library is missing or of another version.
std::unique_ptr<Cudnn> open_cudnn(std::shared_ptr<Memory> memory);

}  // namespace zanime::ops::cuda
