// Weights of safetensors files whose scales belong to blocks of a row: NVFP4 and MXFP8.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "weights/weight_file.h"

namespace zanime::weights {

// A weight in memory of its own, each block of a row behind its scale (block_formats.h).
struct BlockScaledWeight {
  DType dtype = DType::kNVFP4Row;
  Shape shape;  // [rows, columns], in values
  std::shared_ptr<const std::vector<std::byte>> bytes;
};

// `values` is U8 [rows, columns / 2] for NVFP4 (two values a byte, the first in the upper bits) or
// F8_E4M3 [rows, columns] for MXFP8; `scales` has a byte per 16 or 32 columns, in the tiles of 128
// rows and four scales that cuBLAS reads
// (https://docs.nvidia.com/cuda/cublas/index.html#d-block-scaling-factors-layout).
// Throws Error(kFile) with a sentence that goes behind the file's and the tensor's name when the
// types or shapes are others.
BlockScaledWeight nvfp4_weight(const TensorEntry& values, const TensorEntry& scales);
BlockScaledWeight mxfp8_weight(const TensorEntry& values, const TensorEntry& scales);

}  // namespace zanime::weights
