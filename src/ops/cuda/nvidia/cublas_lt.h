// Matrix products, bought from cuBLASLt.
#pragma once

#include <memory>
#include <string>

#include "ops/cuda/device.h"

namespace zanime::ops::cuda {

class CublasLt {
 public:
  virtual ~CublasLt() = default;
  virtual std::string version() const = 0;
  // As Library::multiply. Throws Error(kResource) where the card or the library has no such
  // product.
  virtual void multiply(const Product& product, const void* a, const void* b, void* d,
                        const float* a_scales, const float* b_scales, F8Scales scales) = 0;
};

// Throws Error(kResource) where the library is missing or of another version.
std::unique_ptr<CublasLt> open_cublas_lt(std::shared_ptr<Memory> memory);

}  // namespace zanime::ops::cuda
