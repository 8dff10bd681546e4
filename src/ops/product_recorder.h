// Which matrix products a network is made of: a backend that notes them down on the way.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
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

  struct AttentionCall {
    AttentionLayout layout;
    bool causal;
    auto operator<=>(const AttentionCall&) const = default;
  };

  // How often each shape was multiplied since the last clear(), attentions left out.
  const std::map<ProductShape, int64_t>& products() const { return products_; }
  const std::map<AttentionCall, int64_t>& attentions() const { return attentions_; }
  // Of all of them. A causal attention sees half of its pairs and counts half.
  double flops() const;
  void clear() {
    products_.clear();
    attentions_.clear();
  }

  std::string description() const override { return inner_.description(); }
  std::string compute_name() const override { return inner_.compute_name(); }
  std::string instructions() const override { return inner_.instructions(); }
  std::unique_ptr<BareArithmetic> bare_arithmetic() override { return inner_.bare_arithmetic(); }
  Activation upload(const Tensor& values) override { return inner_.upload(values); }
  Tensor download(const Activation& x) override { return inner_.download(x); }
  void expect(std::span<const weights::Weight* const> weights) override { inner_.expect(weights); }
  Activation join_rows(std::span<const Activation> parts) override {
    return inner_.join_rows(parts);
  }
  Activation join_channels(std::span<const Activation> parts) override {
    return inner_.join_channels(parts);
  }
  Activation linear(const Activation& x, const Linear& layer) override;
  void linear_add_inplace(Activation& sum, const Activation& x, const Linear& layer) override;
  Activation gated_feed_forward(const Activation& x, const Linear& gate, const Linear& up,
                                const Linear& down) override;
  Activation embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) override;
  Activation rms_norm(const Activation& x, const weights::Weight& weight, float epsilon,
                      const Activation& scale) override;
  Activation layer_norm(const Activation& x, float epsilon, const Activation& scale) override;
  void gated_norm_add_inplace(Activation& sum, const Activation& x, const weights::Weight& weight,
                              float epsilon, const Activation& gate) override;
  Activation silu(const Activation& x) override;
  void leaky_relu_inplace(Activation& x, float slope) override {
    inner_.leaky_relu_inplace(x, slope);
  }
  void prelu_inplace(Activation& x, const weights::Weight& slopes) override {
    inner_.prelu_inplace(x, slopes);
  }
  Activation sigmoid_attention(const Activation& x, const Activation& residual) override {
    return inner_.sigmoid_attention(x, residual);
  }
  void head_norm_rope_inplace(Activation& qkv, const AttentionLayout& layout,
                              const weights::Weight& query_weight,
                              const weights::Weight& key_weight, float epsilon,
                              const RopeTable& rope) override;
  Activation attention(const Activation& qkv, const AttentionLayout& layout, bool causal) override;
  Activation conv2d(const Activation& x, const Conv2d& layer) override;
  Activation upsample_conv2d(const Activation& x, const Conv2d& layer) override;
  Activation norm_conv2d(const Activation& x, const GroupNorm& norm, const Conv2d& layer) override;
  void norm_conv2d_inplace(Activation& x, const GroupNorm& norm, const Conv2d& layer) override;
  Activation group_norm(const Activation& x, const GroupNorm& norm) override;
  void add_inplace(Activation& sum, const Activation& x, float factor) override;

 private:
  void note(const Activation& x, const Linear& layer);
  void note(const Activation& out, const Conv2d& layer);

  Backend& inner_;
  std::map<ProductShape, int64_t> products_;
  std::map<AttentionCall, int64_t> attentions_;
};

}  // namespace zanime::ops
