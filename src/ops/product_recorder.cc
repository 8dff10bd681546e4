#include "ops/product_recorder.h"

namespace zanime::ops {

double ProductRecorder::flops() const {
  double sum = 0;
  for (const auto& [shape, count] : products_) sum += static_cast<double>(count) * shape.flops();
  for (const auto& [call, count] : attentions_) {
    const AttentionLayout& layout = call.layout;
    // Scores, and what they make of the values.
    const double head = 2 * ProductShape{layout.tokens, layout.tokens, layout.head_dim}.flops();
    const auto heads = static_cast<double>(count * layout.batch * layout.query_heads);
    sum += heads * head * (call.causal ? 0.5 : 1.0);
  }
  return sum;
}

void ProductRecorder::note(const Activation& x, const Linear& layer) {
  const int64_t depth = layer.weight.columns();
  products_[{x.size() / depth, layer.weight.rows(), depth}] += 1;
}

void ProductRecorder::note(const Activation& out, const Conv2d& layer) {
  const int64_t outputs = out.dim(-1);
  products_[{out.size() / outputs, outputs, layer.weight.columns()}] += 1;
}

Activation ProductRecorder::linear(const Activation& x, const Linear& layer) {
  note(x, layer);
  return inner_.linear(x, layer);
}

void ProductRecorder::linear_add_inplace(Activation& sum, const Activation& x,
                                         const Linear& layer) {
  note(x, layer);
  inner_.linear_add_inplace(sum, x, layer);
}

Activation ProductRecorder::gated_feed_forward(const Activation& x, const Linear& gate,
                                               const Linear& up, const Linear& down) {
  note(x, gate);
  note(x, up);
  products_[{x.size() / x.dim(-1), down.weight.rows(), down.weight.columns()}] += 1;
  return inner_.gated_feed_forward(x, gate, up, down);
}

Activation ProductRecorder::embedding_rows(const weights::Weight& table,
                                           std::span<const int32_t> ids) {
  return inner_.embedding_rows(table, ids);
}

Activation ProductRecorder::rms_norm(const Activation& x, const weights::Weight& weight,
                                     float epsilon, const Activation& scale) {
  return inner_.rms_norm(x, weight, epsilon, scale);
}

Activation ProductRecorder::layer_norm(const Activation& x, float epsilon,
                                       const Activation& scale) {
  return inner_.layer_norm(x, epsilon, scale);
}

void ProductRecorder::gated_norm_add_inplace(Activation& sum, const Activation& x,
                                             const weights::Weight& weight, float epsilon,
                                             const Activation& gate) {
  inner_.gated_norm_add_inplace(sum, x, weight, epsilon, gate);
}

Activation ProductRecorder::silu(const Activation& x) { return inner_.silu(x); }

void ProductRecorder::head_norm_rope_inplace(Activation& qkv, const AttentionLayout& layout,
                                             const weights::Weight& query_weight,
                                             const weights::Weight& key_weight, float epsilon,
                                             const RopeTable& rope) {
  inner_.head_norm_rope_inplace(qkv, layout, query_weight, key_weight, epsilon, rope);
}

Activation ProductRecorder::attention(const Activation& qkv, const AttentionLayout& layout,
                                      bool causal) {
  attentions_[{layout, causal}] += 1;
  return inner_.attention(qkv, layout, causal);
}

Activation ProductRecorder::conv2d(const Activation& x, const Conv2d& layer) {
  Activation out = inner_.conv2d(x, layer);
  note(out, layer);
  return out;
}

Activation ProductRecorder::upsample_conv2d(const Activation& x, const Conv2d& layer) {
  Activation out = inner_.upsample_conv2d(x, layer);
  note(out, layer);
  return out;
}

Activation ProductRecorder::norm_conv2d(const Activation& x, const GroupNorm& norm,
                                        const Conv2d& layer) {
  Activation out = inner_.norm_conv2d(x, norm, layer);
  note(out, layer);
  return out;
}

void ProductRecorder::norm_conv2d_inplace(Activation& x, const GroupNorm& norm,
                                          const Conv2d& layer) {
  inner_.norm_conv2d_inplace(x, norm, layer);
  note(x, layer);
}

Activation ProductRecorder::group_norm(const Activation& x, const GroupNorm& norm) {
  return inner_.group_norm(x, norm);
}

void ProductRecorder::add_inplace(Activation& sum, const Activation& x, float factor) {
  inner_.add_inplace(sum, x, factor);
}

}  // namespace zanime::ops
