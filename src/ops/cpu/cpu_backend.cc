#include "ops/cpu/cpu_backend.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <vector>

#include <oneapi/dnnl/dnnl_version.h>

#include "base/log.h"
#include "base/parallel.h"
#include "ops/bare_product.h"
#include "ops/cpu/attention.h"
#include "ops/cpu/auto_compute.h"
#include "ops/cpu/convolution.h"
#include "ops/cpu/cpu_level.h"
#include "ops/cpu/host_activation.h"
#include "ops/cpu/join_channels.h"
#include "ops/cpu/join_rows.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/low_rank.h"
#include "ops/cpu/norms.h"
#include "ops/cpu/parameter.h"
#include "ops/cpu/quantized_linear.h"
#include "ops/cpu/read_ahead.h"
#include "ops/cpu/tap_convolution.h"

namespace zanime::ops {
namespace {

using cpu::activation_of;
using cpu::tensor_of;

// Values a thread takes at a time in element-wise work.
constexpr int64_t kValueGrain = 16384;

// Fewer rows than this gain nothing in integers: converting the weights is most of the work.
constexpr int64_t kIntegerRows = 8;

// [.., in] with the last extent replaced.
Shape with_last(Shape shape, int64_t extent) {
  shape[-1] = extent;
  return shape;
}

// oneDNN 2.6's direct convolution for AVX2 runs at the rate of its matrix product up to this many
// input channels and falls to 60 % of it beyond: at 64 x 64 pixels and 512 channels, 45 GFLOP/s on
// a Zen 3 core beside 68 of the product.
constexpr int64_t kDirectChannels = 256;

bool runs_by_taps(const Conv2d& layer) {
  const Shape& kernel = layer.weight.shape();
  return kernel.rank() == 4 && kernel[1] > kDirectChannels && kernel[2] == 3 && kernel[3] == 3 &&
         layer.stride == 1 && layer.pad_before == 1 && layer.pad_after == 1;
}

Compute resolved(Compute compute, const cpu::RowKernels& kernels) {
  if (compute != Compute::kAuto) return compute;
  const cpu::AutoCompute chosen = cpu::choose_compute(kernels, cpu::default_trial_memory());
  log_debug("compute auto is " +
            std::string(chosen.compute == Compute::kBFloat16 ? "bf16" : "fp32") +
            " on this processor: " + chosen.reason);
  return chosen.compute;
}

// For the description: what is not the reference, and how it is computed.
std::string name_of(Compute compute, const cpu::RowKernels& kernels) {
  if (compute == Compute::kInt8) return ", int8";
  if (compute != Compute::kBFloat16) return "";
  return kernels.multiply_bf16 != nullptr ? ", bf16"
                                          : ", bf16 (rounded to it: this CPU multiplies fp32)";
}

// In float32 whatever the layers are multiplied in.
class CpuArithmetic final : public BareArithmetic {
 public:
  const char* what() const override {
    return "the same matrix products alone, in float32, in this run";
  }
  double seconds_of_product(int64_t m, int64_t n, int64_t k) override {
    return seconds_of_bare_product(m, n, k);
  }
  double seconds_of_attention(const AttentionLayout& layout, bool causal) override {
    const auto heads = static_cast<double>(layout.batch * layout.query_heads);
    return heads * (causal ? 0.5 : 1.0) *
           (seconds_of_bare_product(layout.tokens, layout.tokens, layout.head_dim) +
            seconds_of_bare_product(layout.tokens, layout.head_dim, layout.tokens));
  }
  double seconds_of_a_conversion() override { return ops::seconds_of_a_conversion(); }
  int64_t take_peak_bytes() override { return 0; }
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(const cpu::RowKernels& kernels, Compute compute, int64_t kept_bytes)
      : kernels_(kernels), compute_(resolved(compute, kernels)), kept_weights_(kept_bytes) {}

  std::string description() const override {
    return "CPU, " + std::string(kernels_.level) + name_of(compute_, kernels_) + ", " +
           std::to_string(thread_count()) + " threads, oneDNN " +
           std::to_string(DNNL_VERSION_MAJOR) + "." + std::to_string(DNNL_VERSION_MINOR) + "." +
           std::to_string(DNNL_VERSION_PATCH);
  }

  std::string compute_name() const override {
    return compute_ == Compute::kInt8 ? "int8" : compute_ == Compute::kBFloat16 ? "bf16" : "fp32";
  }

  std::string instructions() const override { return kernels_.level; }

  std::unique_ptr<BareArithmetic> bare_arithmetic() override {
    return std::make_unique<CpuArithmetic>();
  }

  Activation upload(const Tensor& values) override { return activation_of(values); }

  Tensor download(const Activation& x) override { return tensor_of(x); }

  void expect(std::span<const weights::Weight* const> weights) override {
    read_ahead_.want(weights);
  }

  Activation join_rows(std::span<const Activation> parts) override {
    return activation_of(cpu::join_rows(parts));
  }

  Activation join_channels(std::span<const Activation> parts) override {
    return activation_of(cpu::join_channels(parts));
  }

  Activation linear(const Activation& x, const Linear& layer) override {
    Tensor out(with_last(x.shape(), layer.weight.rows()));
    multiply(tensor_of(x), layer, false, out);
    return activation_of(out);
  }

  void linear_add_inplace(Activation& sum, const Activation& x, const Linear& layer) override {
    Tensor out = tensor_of(sum);
    multiply(tensor_of(x), layer, true, out);
  }

  Activation gated_feed_forward(const Activation& x, const Linear& gate, const Linear& up,
                                const Linear& down) override {
    const Tensor in = tensor_of(x);
    Tensor hidden(with_last(x.shape(), gate.weight.rows()));
    if (runs_in_integers(in, gate) && runs_in_integers(in, up)) {
      gated_linear_in_integers(in, gate, up, hidden);
    } else {
      cpu::gated_linear(kernels_, in, gate, up, rounding_of(gate), hidden);
    }
    return linear(activation_of(hidden), down);
  }

  Activation embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) override {
    Tensor out(Shape{static_cast<int64_t>(ids.size()), table.columns()});
    cpu::embedding_rows(kernels_, table, ids, out);
    return activation_of(out);
  }

  Activation rms_norm(const Activation& x, const weights::Weight& weight, float epsilon,
                      const Activation& scale) override {
    return activation_of(cpu::rms_norm(kernels_, tensor_of(x), cpu::parameter(kernels_, weight),
                                       epsilon, tensor_of(scale)));
  }

  Activation layer_norm(const Activation& x, float epsilon, const Activation& scale) override {
    return activation_of(cpu::layer_norm(kernels_, tensor_of(x), epsilon, tensor_of(scale)));
  }

  void gated_norm_add_inplace(Activation& sum, const Activation& x, const weights::Weight& weight,
                              float epsilon, const Activation& gate) override {
    Tensor out = tensor_of(sum);
    cpu::gated_norm_add(kernels_, out, tensor_of(x), cpu::parameter(kernels_, weight), epsilon,
                        tensor_of(gate));
  }

  Activation silu(const Activation& x) override {
    const Tensor in = tensor_of(x);
    Tensor out(x.shape());
    parallel_for_ranges(in.size(), kValueGrain, [&](int64_t begin, int64_t end) {
      kernels_.silu(in.data() + begin, out.data() + begin, end - begin);
    });
    return activation_of(out);
  }

  void leaky_relu_inplace(Activation& x, float slope) override {
    scale_negatives(tensor_of(x), std::vector<float>(static_cast<size_t>(x.dim(-1)), slope));
  }

  void prelu_inplace(Activation& x, const weights::Weight& slopes) override {
    const Tensor values = cpu::parameter(kernels_, slopes);
    scale_negatives(tensor_of(x), values.values());
  }

  Activation sigmoid_attention(const Activation& x, const Activation& residual) override {
    if (x.shape() != residual.shape()) {
      throw std::invalid_argument("sigmoid_attention: " + residual.shape().to_string() +
                                  " beside " + x.shape().to_string());
    }
    const Tensor in = tensor_of(x), other = tensor_of(residual);
    Tensor out(x.shape());
    parallel_for_ranges(in.size(), kValueGrain, [&](int64_t begin, int64_t end) {
      kernels_.sigmoid_attention(in.data() + begin, other.data() + begin, out.data() + begin,
                                 end - begin);
    });
    return activation_of(out);
  }

  void head_norm_rope_inplace(Activation& qkv, const AttentionLayout& layout,
                              const weights::Weight& query_weight,
                              const weights::Weight& key_weight, float epsilon,
                              const RopeTable& rope) override {
    Tensor out = tensor_of(qkv);
    cpu::head_norm_rope(kernels_, out, layout, cpu::parameter(kernels_, query_weight),
                        cpu::parameter(kernels_, key_weight), epsilon,
                        {tensor_of(rope.cos), tensor_of(rope.sin), rope.pairs});
  }

  Activation attention(const Activation& qkv, const AttentionLayout& layout, bool causal) override {
    return activation_of(cpu::attention(kernels_, tensor_of(qkv), layout, causal));
  }

  Activation conv2d(const Activation& x, const Conv2d& layer) override {
    Tensor out(cpu::convolved_shape(x.shape(), layer));
    convolve({tensor_of(x)}, layer, out);
    return activation_of(out);
  }

  Activation norm_conv2d(const Activation& x, const GroupNorm& norm, const Conv2d& layer) override {
    const Tensor in = tensor_of(x);
    Tensor out(cpu::convolved_shape(x.shape(), layer));
    convolve({in, cpu::group_norm_factors(kernels_, in, norm)}, layer, out);
    return activation_of(out);
  }

  void norm_conv2d_inplace(Activation& x, const GroupNorm& norm, const Conv2d& layer) override {
    if (cpu::convolved_shape(x.shape(), layer) != x.shape() || layer.pad_before != 1) {
      throw std::invalid_argument("conv2d " + layer.weight.name() + " in place of " +
                                  x.shape().to_string());
    }
    Tensor out = tensor_of(x);
    convolve({out, cpu::group_norm_factors(kernels_, out, norm)}, layer, out);
  }

  Activation upsample_conv2d(const Activation& x, const Conv2d& layer) override {
    return activation_of(cpu::tap_upsample_conv2d(kernels_, tensor_of(x), layer));
  }

  Activation group_norm(const Activation& x, const GroupNorm& norm) override {
    return activation_of(cpu::group_norm(kernels_, tensor_of(x), norm));
  }

  void add_inplace(Activation& sum, const Activation& x, float factor) override {
    if (sum.size() != x.size()) {
      throw std::invalid_argument("add: " + x.shape().to_string() + " onto " +
                                  sum.shape().to_string());
    }
    const Tensor in = tensor_of(x);
    Tensor out = tensor_of(sum);
    parallel_for_ranges(in.size(), kValueGrain, [&](int64_t begin, int64_t end) {
      kernels_.add_scaled(out.data() + begin, in.data() + begin, factor, end - begin);
    });
  }

 private:
  // x [.., channels]; slopes [channels].
  void scale_negatives(Tensor x, std::span<const float> slopes) const {
    const auto channels = static_cast<int64_t>(slopes.size());
    if (x.dim(-1) != channels) {
      throw std::invalid_argument("prelu: " + std::to_string(channels) + " slopes for " +
                                  x.shape().to_string());
    }
    const int64_t grain = std::max<int64_t>(1, kValueGrain / channels);
    parallel_for_ranges(x.size() / channels, grain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        kernels_.prelu(x.data() + row * channels, slopes.data(), channels);
      }
    });
  }

  cpu::Rounding rounding_of(const Linear& layer) const {
    return compute_ == Compute::kBFloat16 && !layer.keeps_float32 ? cpu::Rounding::kBFloat16
                                                                  : cpu::Rounding::kNone;
  }

  bool runs_in_integers(const Tensor& x, const Linear& layer) const {
    return compute_ == Compute::kInt8 && !layer.keeps_float32 && x.rank() > 0 &&
           x.size() / x.dim(-1) >= kIntegerRows && cpu::rotation_for(x.dim(-1)) != 0;
  }

  void convolve(const cpu::PictureLines& lines, const Conv2d& layer, Tensor& out) {
    (runs_by_taps(layer) ? cpu::tap_conv2d : cpu::conv2d)(kernels_, lines, layer, out);
  }

  void multiply(const Tensor& x, const Linear& layer, bool accumulate, Tensor& out) {
    if (!runs_in_integers(x, layer)) {
      return cpu::linear(kernels_, x, layer, rounding_of(layer), accumulate, out);
    }
    cpu::check_linear(x, layer, out);
    multiply_in_integers(x, cpu::QuantizedRows(kernels_, x), layer, accumulate, out);
  }

  // `rows` is x in integers. Adapters of low rank are applied beside the layer, so that the weight
  // that is kept serves every strength of them.
  void multiply_in_integers(const Tensor& x, const cpu::QuantizedRows& rows, const Linear& layer,
                            bool accumulate, Tensor& out) {
    if (layer.weight.changes().empty() || !cpu::runs_beside(layer.weight)) {
      cpu::quantized_linear(kernels_, rows, layer, accumulate, kept_weights_, out);
      return;
    }
    Linear plain = layer;
    plain.weight = layer.weight.without_changes();
    cpu::quantized_linear(kernels_, rows, plain, accumulate, kept_weights_, out);
    cpu::add_changes(kernels_, x, layer.weight, out);
  }

  void gated_linear_in_integers(const Tensor& x, const Linear& gate, const Linear& up,
                                Tensor& hidden) {
    cpu::check_linear(x, gate, hidden);
    cpu::check_linear(x, up, hidden);
    const cpu::QuantizedRows rows(kernels_, x);
    Tensor factor(hidden.shape());
    multiply_in_integers(x, rows, gate, false, hidden);
    multiply_in_integers(x, rows, up, false, factor);
    parallel_for_ranges(hidden.size(), kValueGrain, [&](int64_t begin, int64_t end) {
      kernels_.silu_multiply(hidden.data() + begin, factor.data() + begin, end - begin);
    });
  }

  const cpu::RowKernels& kernels_;
  const Compute compute_;
  cpu::QuantizedWeights kept_weights_;
  cpu::ReadAhead read_ahead_;
};

}  // namespace

std::shared_ptr<Backend> make_cpu_backend(const std::string& level, Compute compute,
                                          int64_t kept_bytes) {
  return std::make_shared<CpuBackend>(cpu::select_kernels(level), compute, kept_bytes);
}

}  // namespace zanime::ops
