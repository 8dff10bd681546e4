// What CUDA's runtime answers, as exceptions.
#pragma once

#include <string>

#include <cuda_runtime_api.h>

#include "base/error.h"

namespace zanime::ops::cuda {

// Throws Error(kResource): the card or its driver failed, not the input.
inline void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw Error(ErrorKind::kResource, std::string("the card failed in ") + what + ": " +
                                        cudaGetErrorString(status) + " (" +
                                        cudaGetErrorName(status) + ")");
}

}  // namespace zanime::ops::cuda
