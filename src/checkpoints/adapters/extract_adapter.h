// An adapter made of the difference between two models.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/tensor.h"
#include "checkpoints/model_weights.h"

namespace zanime::checkpoints {

// The `rank` largest singular values of a matrix [m, n] with their vectors, largest first: `matrix`
// is nearly left [m, rank] times right [rank, n]. The singular values are part of `left`; rows of
// `right` are of length 1, or 0 where the matrix has no such many. By subspace iteration from a
// fixed start (Halko, Martinsson and Tropp 2011, arXiv 0909.4061), then one-sided Jacobi.
struct LowRankFactors {
  Tensor left, right;
};
LowRankFactors low_rank_factors(const Tensor& matrix, int64_t rank);

struct ExtractOptions {
  bool low_rank = true;  // false: differences as they are
  int64_t rank = 8;
  bool with_vectors = true;  // norms and biases too; without low_rank norms always
};

// Writes as an adapter, in half precision and under ComfyUI's names, the weights of networks whose
// weights are the difference between two models (`merged` with -1). Either network may be null.
// Factors are cut off at their 99th percentile, as in ComfyUI. False, and nothing is written, where
// a file of this name has appeared meanwhile. Throws what AtomicFile throws.
bool save_extracted_adapter(const std::filesystem::path& path, const ModelWeights* model,
                            const ModelWeights* text_encoder, const ExtractOptions& options);

}  // namespace zanime::checkpoints
