// Which matrix products a network is made of: a backend that notes them down on the way.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "ops/ops.h"

namespace zanime::ops {

// [m, k] times [k, n]. A convolution is one over all output pixels and all taps, whatever way a
// backend computes it.
struct ProductShape {
  int64_t m, n, k;

  double flops() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
  auto operator<=>(const ProductShape&) const = default;
};

// Forwards everything to another backend, which must live longer.
class ProductRecorder final : public Backend {
 public:
  explicit ProductRecorder(Backend& inner) : inner_(inner) {}

  // How often each shape was multiplied since the last clear(). A causal attention sees half of
  // its pairs and counts half.
  const std::map<ProductShape, double>& products() const { return products_; }
  double flops() const;
  void clear() { products_.clear(); }

  std::string description() const override { return inner_.description(); }
  Tensor linear(const Tensor& x, const Linear& layer) override;
  void linear_add_inplace(Tensor& sum, const Tensor& x, const Linear& layer) override;
  Tensor gated_feed_forward(const Tensor& x, const Linear& gate, const Linear& up,
                            const Linear& down) override;
  Tensor embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) override;
  Tensor rms_norm(const Tensor& x, const Tensor& weight, float epsilon,
                  const Tensor& scale) override;
  Tensor layer_norm(const Tensor& x, float epsilon, const Tensor& scale) override;
  void gated_norm_add_inplace(Tensor& sum, const Tensor& x, const Tensor& weight, float epsilon,
                              const Tensor& gate) override;
  Tensor silu(const Tensor& x) override;
  void head_norm_rope_inplace(Tensor& qkv, const AttentionLayout& layout,
                              const Tensor& query_weight, const Tensor& key_weight, float epsilon,
                              const RopeTable& rope) override;
  Tensor attention(const Tensor& qkv, const AttentionLayout& layout, bool causal) override;
  Tensor conv2d(const Tensor& x, const Conv2d& layer) override;
  Tensor upsample_conv2d(const Tensor& x, const Conv2d& layer) override;
  Tensor norm_conv2d(const Tensor& x, const GroupNorm& norm, const Conv2d& layer) override;
  void norm_conv2d_inplace(Tensor& x, const GroupNorm& norm, const Conv2d& layer) override;
  Tensor group_norm(const Tensor& x, const GroupNorm& norm) override;
  void add_inplace(Tensor& sum, const Tensor& x) override;

 private:
  void note(const Tensor& x, const Linear& layer);
  void note(const Tensor& out, const Conv2d& layer);

  Backend& inner_;
  std::map<ProductShape, double> products_;
};

}  // namespace zanime::ops
