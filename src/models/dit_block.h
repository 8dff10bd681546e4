// The transformer block of NextDiT, which the diffusion model and its control branch are made of.
#pragma once

#include <cstdint>
#include <string>

#include "checkpoints/model_weights.h"
#include "ops/ops.h"
#include "weights/weight.h"

namespace zanime::models {

struct DitWidths {
  int64_t dim = 0;
  int64_t heads = 0;
  int64_t head_dim = 0;
  int64_t ffn = 0;
  int64_t modulation = 0;  // width of the time embedding
};
// Those of a network's spec (checkpoints/architectures.h).
template <typename Spec>
DitWidths widths_of(const Spec& spec) {
  return {spec.dim, spec.heads(), spec.head_dim, spec.ffn, spec.modulation()};
}

struct DitBlock {
  ops::Linear modulation;  // empty weight where the block has no modulation
  weights::Weight attention_norm1, attention_norm2, ffn_norm1, ffn_norm2;
  ops::Linear qkv, attention_out;
  weights::Weight query_norm, key_norm;
  ops::Linear w1, w2, w3;
};

inline constexpr float kDitNormEpsilon = 1e-5f;

// The layer `name`. Throws Error(kFile) as ModelWeights::get does.
ops::Linear load_linear(const checkpoints::ModelWeights& weights, const std::string& name,
                        int64_t outputs, int64_t inputs, bool with_bias);
DitBlock load_dit_block(const checkpoints::ModelWeights& weights, const std::string& name,
                        const DitWidths& widths, bool modulated);

// Tells the backend of a block to come.
void expect_dit_block(const DitBlock& block, ops::Backend& backend);

// Attention over normed tokens [batch, tokens, dim], with its layers before and behind.
ops::Activation attend(const DitBlock& block, const DitWidths& widths,
                       const ops::Activation& normed, const ops::RopeTable& rope,
                       ops::Backend& backend);

// x [batch, tokens, dim], changed in place; time [1, modulation], empty for a block without
// modulation; rope of the tokens.
void run_dit_block(const DitBlock& block, const DitWidths& widths, ops::Activation& x,
                   const ops::Activation& time, const ops::RopeTable& rope, ops::Backend& backend);

}  // namespace zanime::models
