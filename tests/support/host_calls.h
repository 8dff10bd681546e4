// A backend's operations from tensor to tensor, for tests of single ones.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "ops/ops.h"
#include "tests/support/split_weight.h"

namespace zanime::testing {

// Each as the function of the same name in ops::Backend. What is changed in place is uploaded, and
// what it became is put in its place.
class HostCalls {
 public:
  explicit HostCalls(std::shared_ptr<ops::Backend> backend) : backend_(std::move(backend)) {}

  ops::Backend& backend() const { return *backend_; }

  Tensor linear(const Tensor& x, const ops::Linear& layer) const {
    return down(backend_->linear(up(x), layer));
  }
  void linear_add_inplace(Tensor& sum, const Tensor& x, const ops::Linear& layer) const {
    in_place(sum, [&](ops::Activation& s) { backend_->linear_add_inplace(s, up(x), layer); });
  }
  Tensor gated_feed_forward(const Tensor& x, const ops::Linear& gate, const ops::Linear& up_layer,
                            const ops::Linear& down_layer) const {
    return down(backend_->gated_feed_forward(up(x), gate, up_layer, down_layer));
  }
  Tensor embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) const {
    return down(backend_->embedding_rows(table, ids));
  }
  Tensor silu(const Tensor& x) const { return down(backend_->silu(up(x))); }
  Tensor rms_norm(const Tensor& x, const Tensor& weight, float epsilon,
                  const Tensor& scale = {}) const {
    return down(backend_->rms_norm(up(x), whole_weight(weight), epsilon, up(scale)));
  }
  Tensor layer_norm(const Tensor& x, float epsilon, const Tensor& scale) const {
    return down(backend_->layer_norm(up(x), epsilon, up(scale)));
  }
  void gated_norm_add_inplace(Tensor& sum, const Tensor& x, const Tensor& weight, float epsilon,
                              const Tensor& gate) const {
    in_place(sum, [&](ops::Activation& s) {
      backend_->gated_norm_add_inplace(s, up(x), whole_weight(weight), epsilon, up(gate));
    });
  }
  void head_norm_rope_inplace(Tensor& qkv, const ops::AttentionLayout& layout,
                              const Tensor& query_weight, const Tensor& key_weight, float epsilon,
                              const Tensor& cos, const Tensor& sin, ops::RopePairs pairs) const {
    in_place(qkv, [&](ops::Activation& x) {
      backend_->head_norm_rope_inplace(x, layout, whole_weight(query_weight),
                                       whole_weight(key_weight), epsilon,
                                       {up(cos), up(sin), pairs});
    });
  }
  Tensor attention(const Tensor& qkv, const ops::AttentionLayout& layout, bool causal) const {
    return down(backend_->attention(up(qkv), layout, causal));
  }
  Tensor conv2d(const Tensor& x, const ops::Conv2d& layer) const {
    return down(backend_->conv2d(up(x), layer));
  }
  Tensor upsample_conv2d(const Tensor& x, const ops::Conv2d& layer) const {
    return down(backend_->upsample_conv2d(up(x), layer));
  }
  Tensor norm_conv2d(const Tensor& x, const ops::GroupNorm& norm, const ops::Conv2d& layer) const {
    return down(backend_->norm_conv2d(up(x), norm, layer));
  }
  void norm_conv2d_inplace(Tensor& x, const ops::GroupNorm& norm, const ops::Conv2d& layer) const {
    in_place(x, [&](ops::Activation& y) { backend_->norm_conv2d_inplace(y, norm, layer); });
  }
  Tensor group_norm(const Tensor& x, const ops::GroupNorm& norm) const {
    return down(backend_->group_norm(up(x), norm));
  }
  void add_inplace(Tensor& sum, const Tensor& x, float factor = 1.0f) const {
    in_place(sum, [&](ops::Activation& s) { backend_->add_inplace(s, up(x), factor); });
  }
  void leaky_relu_inplace(Tensor& x, float slope) const {
    in_place(x, [&](ops::Activation& y) { backend_->leaky_relu_inplace(y, slope); });
  }
  void prelu_inplace(Tensor& x, const Tensor& slopes) const {
    in_place(x, [&](ops::Activation& y) { backend_->prelu_inplace(y, whole_weight(slopes)); });
  }
  Tensor sigmoid_attention(const Tensor& x, const Tensor& residual) const {
    return down(backend_->sigmoid_attention(up(x), up(residual)));
  }
  Tensor join_channels(const std::vector<Tensor>& parts) const {
    std::vector<ops::Activation> uploaded;
    for (const Tensor& part : parts) uploaded.push_back(up(part));
    return down(backend_->join_channels(uploaded));
  }
  Tensor join_rows(const std::vector<Tensor>& parts) const {
    std::vector<ops::Activation> uploaded;
    for (const Tensor& part : parts) uploaded.push_back(up(part));
    return down(backend_->join_rows(uploaded));
  }

 private:
  ops::Activation up(const Tensor& x) const {
    return x.empty() ? ops::Activation() : backend_->upload(x);
  }
  Tensor down(const ops::Activation& x) const { return backend_->download(x); }
  template <typename Work>
  void in_place(Tensor& x, Work work) const {
    // A copy: the backend may share the tensor's memory, which others hold as well.
    ops::Activation activation = up(x.clone());
    work(activation);
    x = down(activation);
  }

  std::shared_ptr<ops::Backend> backend_;
};

}  // namespace zanime::testing
