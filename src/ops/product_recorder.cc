#include "ops/product_recorder.h"

namespace zanime::ops {

double ProductRecorder::flops() const {
  double sum = 0;
  for (const auto& [shape, count] : products_) sum += count * shape.flops();
  return sum;
}

void ProductRecorder::note(const Tensor& x, const Linear& layer) {
  const int64_t depth = layer.weight.columns();
  products_[{x.size() / depth, layer.weight.rows(), depth}] += 1;
}

void ProductRecorder::note(const Tensor& out, const Conv2d& layer) {
  const int64_t outputs = out.dim(-1);
  products_[{out.size() / outputs, outputs, layer.weight.columns()}] += 1;
}

Tensor ProductRecorder::linear(const Tensor& x, const Linear& layer) {
  note(x, layer);
  return inner_.linear(x, layer);
}

void ProductRecorder::linear_add_inplace(Tensor& sum, const Tensor& x, const Linear& layer) {
  note(x, layer);
  inner_.linear_add_inplace(sum, x, layer);
}

Tensor ProductRecorder::gated_feed_forward(const Tensor& x, const Linear& gate, const Linear& up,
                                           const Linear& down) {
  note(x, gate);
  note(x, up);
  products_[{x.size() / x.dim(-1), down.weight.rows(), down.weight.columns()}] += 1;
  return inner_.gated_feed_forward(x, gate, up, down);
}

Tensor ProductRecorder::embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) {
  return inner_.embedding_rows(table, ids);
}

Tensor ProductRecorder::rms_norm(const Tensor& x, const Tensor& weight, float epsilon,
                                 const Tensor& scale) {
  return inner_.rms_norm(x, weight, epsilon, scale);
}

Tensor ProductRecorder::layer_norm(const Tensor& x, float epsilon, const Tensor& scale) {
  return inner_.layer_norm(x, epsilon, scale);
}

void ProductRecorder::gated_norm_add_inplace(Tensor& sum, const Tensor& x, const Tensor& weight,
                                             float epsilon, const Tensor& gate) {
  inner_.gated_norm_add_inplace(sum, x, weight, epsilon, gate);
}

Tensor ProductRecorder::silu(const Tensor& x) { return inner_.silu(x); }

void ProductRecorder::head_norm_rope_inplace(Tensor& qkv, const AttentionLayout& layout,
                                             const Tensor& query_weight, const Tensor& key_weight,
                                             float epsilon, const RopeTable& rope) {
  inner_.head_norm_rope_inplace(qkv, layout, query_weight, key_weight, epsilon, rope);
}

Tensor ProductRecorder::attention(const Tensor& qkv, const AttentionLayout& layout, bool causal) {
  const double heads =
      static_cast<double>(layout.batch * layout.query_heads) * (causal ? 0.5 : 1.0);
  products_[{layout.tokens, layout.tokens, layout.head_dim}] += heads;  // scores
  products_[{layout.tokens, layout.head_dim, layout.tokens}] += heads;  // of the values
  return inner_.attention(qkv, layout, causal);
}

Tensor ProductRecorder::conv2d(const Tensor& x, const Conv2d& layer) {
  Tensor out = inner_.conv2d(x, layer);
  note(out, layer);
  return out;
}

Tensor ProductRecorder::upsample_conv2d(const Tensor& x, const Conv2d& layer) {
  Tensor out = inner_.upsample_conv2d(x, layer);
  note(out, layer);
  return out;
}

Tensor ProductRecorder::norm_conv2d(const Tensor& x, const GroupNorm& norm, const Conv2d& layer) {
  Tensor out = inner_.norm_conv2d(x, norm, layer);
  note(out, layer);
  return out;
}

void ProductRecorder::norm_conv2d_inplace(Tensor& x, const GroupNorm& norm, const Conv2d& layer) {
  inner_.norm_conv2d_inplace(x, norm, layer);
  note(x, layer);
}

Tensor ProductRecorder::group_norm(const Tensor& x, const GroupNorm& norm) {
  return inner_.group_norm(x, norm);
}

void ProductRecorder::add_inplace(Tensor& sum, const Tensor& x) { inner_.add_inplace(sum, x); }

}  // namespace zanime::ops
