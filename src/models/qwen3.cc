#include "models/qwen3.h"

#include <array>
#include <cmath>
#include <string>

#include "base/error.h"
#include "checkpoints/stored_spec.h"
#include "models/model_shapes.h"

namespace zanime::models {
namespace {

constexpr float kQwenNormEpsilon = 1e-6f;
constexpr double kQwenRopeTheta = 1e6;
// Layers whose weights are read from the file while another one runs.
constexpr int kLayersAhead = 2;
// The last layers, whose values are the largest and near the conditioning.
constexpr int64_t kExactLayers = 8;

// Angles in float32 as the reference has them: inverse frequency, then position times frequency.
ops::RopeTable qwen_rope_table(int64_t tokens, int64_t head_dim, ops::Backend& backend) {
  const int64_t half = head_dim / 2;
  Tensor cos({tokens, half}), sin({tokens, half});
  for (int64_t i = 0; i < half; ++i) {
    const double exponent = static_cast<double>(2 * i) / static_cast<double>(head_dim);
    const auto frequency = static_cast<float>(1.0 / std::pow(kQwenRopeTheta, exponent));
    for (int64_t token = 0; token < tokens; ++token) {
      const float angle = static_cast<float>(token) * frequency;
      cos.data()[token * half + i] = std::cos(angle);
      sin.data()[token * half + i] = std::sin(angle);
    }
  }
  return {backend.upload(cos), backend.upload(sin), ops::RopePairs::kHalfSplit};
}

Qwen3Config read_qwen_config(const checkpoints::ModelWeights& weights) {
  const Qwen3Config spec = checkpoints::stored_qwen3_spec(weights);
  if (spec.head_dim % 2 != 0 || spec.layers < 2) {
    throw Error(ErrorKind::kFile, weights.path().string() + ": " + std::to_string(spec.layers) +
                                      " layers with " + std::to_string(spec.heads) +
                                      " query heads over " + std::to_string(spec.kv_heads) +
                                      " key heads of " + std::to_string(spec.head_dim) +
                                      " is not a Qwen3 text encoder");
  }
  return spec;
}

}  // namespace

Qwen3TextEncoder::Qwen3TextEncoder(checkpoints::ModelWeights source)
    : weights_(std::move(source)), config_(read_qwen_config(weights_)) {
  const checkpoints::ModelWeights& weights = weights_;
  const Qwen3Config& c = config_;
  const int64_t query_size = c.heads * c.head_dim;
  const int64_t key_size = c.kv_heads * c.head_dim;
  embedding_ = weights.get("embed_tokens.weight");
  for (int64_t i = 0; i < c.layers; ++i) {
    const std::string name = "layers." + std::to_string(i) + ".";
    const std::string attention = name + "self_attn.";
    Layer layer;
    layer.input_norm = weights.get(name + "input_layernorm.weight", {c.hidden});
    layer.qkv.weight =
        stack_rows({&weights.get(attention + "q_proj.weight", {query_size, c.hidden}),
                    &weights.get(attention + "k_proj.weight", {key_size, c.hidden}),
                    &weights.get(attention + "v_proj.weight", {key_size, c.hidden})},
                   attention + "q_proj + k_proj + v_proj");
    layer.query_norm = weights.get(attention + "q_norm.weight", {c.head_dim});
    layer.key_norm = weights.get(attention + "k_norm.weight", {c.head_dim});
    layer.attention_out.weight = weights.get(attention + "o_proj.weight", {c.hidden, query_size});
    layer.post_attention_norm = weights.get(name + "post_attention_layernorm.weight", {c.hidden});
    layer.gate.weight = weights.get(name + "mlp.gate_proj.weight", {c.ffn, c.hidden});
    layer.up.weight = weights.get(name + "mlp.up_proj.weight", {c.ffn, c.hidden});
    layer.down.weight = weights.get(name + "mlp.down_proj.weight", {c.hidden, c.ffn});
    const bool is_late = i >= c.layers - 1 - kExactLayers;
    for (ops::Linear* linear :
         {&layer.qkv, &layer.attention_out, &layer.gate, &layer.up, &layer.down}) {
      linear->keeps_bfloat16 = is_late;
    }
    layers_.push_back(std::move(layer));
  }
  if (weights.has("norm.weight")) final_norm_ = weights.get("norm.weight", {c.hidden});
}

Tensor Qwen3TextEncoder::encode(std::span<const int32_t> ids, ops::Backend& backend,
                                const CancelToken& cancel, int64_t layer) const {
  for (int32_t id : ids) {
    if (id < 0 || id >= config_.vocabulary) {
      throw Error(ErrorKind::kInternal, "token " + std::to_string(id) + " is beyond the " +
                                            std::to_string(config_.vocabulary) +
                                            " rows of the text encoder's vocabulary");
    }
  }
  const auto tokens = static_cast<int64_t>(ids.size());
  const ops::AttentionLayout layout{1, tokens, config_.heads, config_.kv_heads, config_.head_dim};
  const ops::RopeTable rope = qwen_rope_table(tokens, config_.head_dim, backend);

  const bool is_beyond = layer < -config_.layers;
  const std::span<const Layer> used(
      layers_.data(), static_cast<size_t>(is_beyond ? config_.layers : config_.layers + 1 + layer));
  if (is_beyond && final_norm_.empty()) {
    throw Error(ErrorKind::kFile, weights_.path().string() +
                                      ": the final norm, norm.weight, is missing, and stopping " +
                                      std::to_string(-layer) + " layers before the end of " +
                                      std::to_string(config_.layers) + " needs it");
  }

  ops::Activation x = backend.embedding_rows(embedding_, ids);
  size_t next = 0;
  const auto expect_next = [&] {
    if (next == used.size()) return;
    const Layer& coming = used[next++];
    backend.expect(std::array<const weights::Weight*, 5>{
        &coming.qkv.weight, &coming.attention_out.weight, &coming.gate.weight, &coming.up.weight,
        &coming.down.weight});
  };
  for (int i = 0; i < kLayersAhead; ++i) expect_next();
  for (const Layer& current : used) {
    cancel.throw_if_cancelled();
    expect_next();
    ops::Activation qkv =
        backend.linear(backend.rms_norm(x, current.input_norm, kQwenNormEpsilon), current.qkv);
    backend.head_norm_rope_inplace(qkv, layout, current.query_norm, current.key_norm,
                                   kQwenNormEpsilon, rope);
    backend.linear_add_inplace(x, backend.attention(qkv, layout, /*causal=*/true),
                               current.attention_out);
    const ops::Activation normed =
        backend.rms_norm(x, current.post_attention_norm, kQwenNormEpsilon);
    backend.add_inplace(x,
                        backend.gated_feed_forward(normed, current.gate, current.up, current.down));
  }
  if (is_beyond) x = backend.rms_norm(x, final_norm_, kQwenNormEpsilon);
  return backend.download(x);
}

}  // namespace zanime::models
