// Qwen3 as a text encoder (Qwen3 Technical Report, arXiv 2505.09388).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/tensor.h"
#include "checkpoints/architectures.h"
#include "checkpoints/model_weights.h"
#include "ops/ops.h"
#include "weights/weight.h"

namespace zanime::models {

// The widths of a file's network.
using Qwen3Config = checkpoints::Qwen3Spec;

class Qwen3TextEncoder {
 public:
  // Widths follow from the tensor shapes. Throws Error(kFile) when a tensor is missing or shapes
  // contradict one another.
  explicit Qwen3TextEncoder(checkpoints::ModelWeights weights);

  const Qwen3Config& config() const { return config_; }
  // What the network was made of: an adapted copy is made of these with changes.
  const checkpoints::ModelWeights& weights() const { return weights_; }

  // Z-Image takes the hidden states after the last layer but one.
  static constexpr int64_t kOutputLayer = -2;

  // Hidden states after a layer, one row per token: [tokens, hidden]. `layer` counts from the end:
  // -1 is the last one, -2 the one before; beyond the first it is the last one with the final norm,
  // as in ComfyUI. Layers behind it are not run. Throws Error(kInternal) for an id beyond the
  // vocabulary.
  Tensor encode(std::span<const int32_t> ids, ops::Backend& backend, const CancelToken& cancel,
                int64_t layer = kOutputLayer) const;

 private:
  struct Layer {
    weights::Weight input_norm;  // [hidden]
    ops::Linear qkv;             // [(heads + 2 kv_heads) head_dim, hidden]
    weights::Weight query_norm;  // [head_dim]
    weights::Weight key_norm;    // [head_dim]
    ops::Linear attention_out;
    weights::Weight post_attention_norm;
    ops::Linear gate, up, down;
  };

  checkpoints::ModelWeights weights_;
  Qwen3Config config_;
  weights::Weight embedding_;
  std::vector<Layer> layers_;
  weights::Weight final_norm_;  // empty where the file has none
};

}  // namespace zanime::models
