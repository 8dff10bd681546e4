#include "models/dit_block.h"

#include <array>
#include <limits>

namespace zanime::models {
namespace {

constexpr float kHeadNormEpsilon = std::numeric_limits<float>::epsilon();

}  // namespace

ops::Linear load_linear(const checkpoints::ModelWeights& weights, const std::string& name,
                        int64_t outputs, int64_t inputs, bool with_bias) {
  ops::Linear layer;
  layer.weight = weights.get(name + ".weight", {outputs, inputs});
  if (with_bias) layer.bias = weights.get(name + ".bias", {outputs});
  return layer;
}

DitBlock load_dit_block(const checkpoints::ModelWeights& weights, const std::string& name,
                        const DitWidths& widths, bool modulated) {
  const int64_t dim = widths.dim;
  DitBlock block;
  if (modulated) {
    block.modulation =
        load_linear(weights, name + ".adaLN_modulation.0", 4 * dim, widths.modulation, true);
  }
  const auto norm = [&](const char* part, int64_t size) {
    return weights.get(name + part, {size});
  };
  block.attention_norm1 = norm(".attention_norm1.weight", dim);
  block.attention_norm2 = norm(".attention_norm2.weight", dim);
  block.ffn_norm1 = norm(".ffn_norm1.weight", dim);
  block.ffn_norm2 = norm(".ffn_norm2.weight", dim);
  block.query_norm = norm(".attention.q_norm.weight", widths.head_dim);
  block.key_norm = norm(".attention.k_norm.weight", widths.head_dim);
  block.qkv = load_linear(weights, name + ".attention.qkv", 3 * dim, dim, false);
  block.attention_out = load_linear(weights, name + ".attention.out", dim, dim, false);
  block.w1 = load_linear(weights, name + ".feed_forward.w1", widths.ffn, dim, false);
  block.w2 = load_linear(weights, name + ".feed_forward.w2", dim, widths.ffn, false);
  block.w3 = load_linear(weights, name + ".feed_forward.w3", widths.ffn, dim, false);
  return block;
}

void expect_dit_block(const DitBlock& block, ops::Backend& backend) {
  backend.expect(std::array<const weights::Weight*, 6>{
      &block.modulation.weight, &block.qkv.weight, &block.attention_out.weight, &block.w1.weight,
      &block.w3.weight, &block.w2.weight});
}

ops::Activation attend(const DitBlock& block, const DitWidths& widths,
                       const ops::Activation& normed, const ops::RopeTable& rope,
                       ops::Backend& backend) {
  const ops::AttentionLayout layout{normed.dim(0), normed.dim(1), widths.heads, widths.heads,
                                    widths.head_dim};
  ops::Activation qkv = backend.linear(normed, block.qkv);
  backend.head_norm_rope_inplace(qkv, layout, block.query_norm, block.key_norm, kHeadNormEpsilon,
                                 rope);
  return backend.linear(backend.attention(qkv, layout, /*causal=*/false), block.attention_out);
}

void run_dit_block(const DitBlock& block, const DitWidths& widths, ops::Activation& x,
                   const ops::Activation& time, const ops::RopeTable& rope, ops::Backend& backend) {
  const int64_t dim = widths.dim;
  ops::Activation scale_attention, gate_attention, scale_ffn, gate_ffn;  // empty: no modulation
  if (!block.modulation.weight.empty()) {
    const ops::Activation modulation = backend.linear(time, block.modulation).reshaped({4, dim});
    scale_attention = modulation.rows(0, 1).reshaped({dim});
    gate_attention = modulation.rows(1, 1).reshaped({dim});
    scale_ffn = modulation.rows(2, 1).reshaped({dim});
    gate_ffn = modulation.rows(3, 1).reshaped({dim});
  }
  const ops::Activation attended = attend(
      block, widths, backend.rms_norm(x, block.attention_norm1, kDitNormEpsilon, scale_attention),
      rope, backend);
  backend.gated_norm_add_inplace(x, attended, block.attention_norm2, kDitNormEpsilon,
                                 gate_attention);

  const ops::Activation ffn_in = backend.rms_norm(x, block.ffn_norm1, kDitNormEpsilon, scale_ffn);
  const ops::Activation fed = backend.gated_feed_forward(ffn_in, block.w1, block.w3, block.w2);
  backend.gated_norm_add_inplace(x, fed, block.ffn_norm2, kDitNormEpsilon, gate_ffn);
}

}  // namespace zanime::models
