#include <stdexcept>

#include <oneapi/dnnl/dnnl_version.h>

#include "base/parallel.h"
#include "ops/cpu/attention.h"
#include "ops/cpu/convolution.h"
#include "ops/cpu/cpu_level.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/norms.h"
#include "ops/cpu/packed_product.h"
#include "ops/cpu/quantized_linear.h"
#include "ops/cpu/tap_convolution.h"
#include "ops/ops.h"

namespace zanime::ops {
namespace {

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

Compute resolved(Compute compute) {
  if (compute != Compute::kAuto) return compute;
  return cpu::multiplies_bf16() ? Compute::kBFloat16 : Compute::kFloat32;
}

// For the description: what is not the reference, and how it is computed.
std::string name_of(Compute compute) {
  if (compute == Compute::kInt8) return ", int8";
  if (compute != Compute::kBFloat16) return "";
  return cpu::multiplies_bf16() ? ", bf16" : ", bf16 (rounded to it: this CPU multiplies fp32)";
}

class CpuBackend final : public Backend {
 public:
  CpuBackend(const cpu::RowKernels& kernels, Compute compute, int64_t kept_bytes)
      : kernels_(kernels), compute_(resolved(compute)), kept_weights_(kept_bytes) {}

  std::string description() const override {
    return "CPU, " + std::string(kernels_.level) + name_of(compute_) + ", " +
           std::to_string(thread_count()) + " threads, oneDNN " +
           std::to_string(DNNL_VERSION_MAJOR) + "." + std::to_string(DNNL_VERSION_MINOR) + "." +
           std::to_string(DNNL_VERSION_PATCH);
  }

  Tensor linear(const Tensor& x, const Linear& layer) override {
    Tensor out(with_last(x.shape(), layer.weight.rows()));
    multiply(x, layer, false, out);
    return out;
  }

  void linear_add_inplace(Tensor& sum, const Tensor& x, const Linear& layer) override {
    multiply(x, layer, true, sum);
  }

  Tensor gated_feed_forward(const Tensor& x, const Linear& gate, const Linear& up,
                            const Linear& down) override {
    Tensor hidden(with_last(x.shape(), gate.weight.rows()));
    if (runs_in_integers(x, gate) && runs_in_integers(x, up)) {
      gated_linear_in_integers(x, gate, up, hidden);
    } else {
      cpu::gated_linear(kernels_, x, gate, up, rounding_of(gate), hidden);
    }
    return linear(hidden, down);
  }

  Tensor embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) override {
    Tensor out(Shape{static_cast<int64_t>(ids.size()), table.columns()});
    cpu::embedding_rows(kernels_, table, ids, out);
    return out;
  }

  Tensor rms_norm(const Tensor& x, const Tensor& weight, float epsilon,
                  const Tensor& scale) override {
    return cpu::rms_norm(kernels_, x, weight, epsilon, scale);
  }

  Tensor layer_norm(const Tensor& x, float epsilon, const Tensor& scale) override {
    return cpu::layer_norm(kernels_, x, epsilon, scale);
  }

  void gated_norm_add_inplace(Tensor& sum, const Tensor& x, const Tensor& weight, float epsilon,
                              const Tensor& gate) override {
    cpu::gated_norm_add(kernels_, sum, x, weight, epsilon, gate);
  }

  Tensor silu(const Tensor& x) override {
    Tensor out(x.shape());
    parallel_for_ranges(x.size(), kValueGrain, [&](int64_t begin, int64_t end) {
      kernels_.silu(x.data() + begin, out.data() + begin, end - begin);
    });
    return out;
  }

  void head_norm_rope_inplace(Tensor& qkv, const AttentionLayout& layout,
                              const Tensor& query_weight, const Tensor& key_weight, float epsilon,
                              const RopeTable& rope) override {
    cpu::head_norm_rope(kernels_, qkv, layout, query_weight, key_weight, epsilon, rope);
  }

  Tensor attention(const Tensor& qkv, const AttentionLayout& layout, bool causal) override {
    return cpu::attention(kernels_, qkv, layout, causal);
  }

  Tensor conv2d(const Tensor& x, const Conv2d& layer) override {
    Tensor out(cpu::convolved_shape(x.shape(), layer));
    convolve({x}, layer, out);
    return out;
  }

  Tensor norm_conv2d(const Tensor& x, const GroupNorm& norm, const Conv2d& layer) override {
    Tensor out(cpu::convolved_shape(x.shape(), layer));
    convolve({x, cpu::group_norm_factors(kernels_, x, norm)}, layer, out);
    return out;
  }

  void norm_conv2d_inplace(Tensor& x, const GroupNorm& norm, const Conv2d& layer) override {
    if (cpu::convolved_shape(x.shape(), layer) != x.shape() || layer.pad_before != 1) {
      throw std::invalid_argument("conv2d " + layer.weight.name() + " in place of " +
                                  x.shape().to_string());
    }
    convolve({x, cpu::group_norm_factors(kernels_, x, norm)}, layer, x);
  }

  Tensor upsample_conv2d(const Tensor& x, const Conv2d& layer) override {
    return cpu::tap_upsample_conv2d(kernels_, x, layer);
  }

  Tensor group_norm(const Tensor& x, const GroupNorm& norm) override {
    return cpu::group_norm(kernels_, x, norm);
  }

  void add_inplace(Tensor& sum, const Tensor& x) override {
    if (sum.size() != x.size()) {
      throw std::invalid_argument("add: " + x.shape().to_string() + " onto " +
                                  sum.shape().to_string());
    }
    parallel_for_ranges(x.size(), kValueGrain, [&](int64_t begin, int64_t end) {
      kernels_.add(sum.data() + begin, x.data() + begin, end - begin);
    });
  }

 private:
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
    cpu::quantized_linear(kernels_, cpu::QuantizedRows(kernels_, x), layer, accumulate,
                          kept_weights_, out);
  }

  void gated_linear_in_integers(const Tensor& x, const Linear& gate, const Linear& up,
                                Tensor& hidden) {
    cpu::check_linear(x, gate, hidden);
    cpu::check_linear(x, up, hidden);
    const cpu::QuantizedRows rows(kernels_, x);
    Tensor factor(hidden.shape());
    cpu::quantized_linear(kernels_, rows, gate, false, kept_weights_, hidden);
    cpu::quantized_linear(kernels_, rows, up, false, kept_weights_, factor);
    parallel_for_ranges(hidden.size(), kValueGrain, [&](int64_t begin, int64_t end) {
      kernels_.silu_multiply(hidden.data() + begin, factor.data() + begin, end - begin);
    });
  }

  const cpu::RowKernels& kernels_;
  const Compute compute_;
  cpu::QuantizedWeights kept_weights_;
};

}  // namespace

std::shared_ptr<Backend> make_cpu_backend(const std::string& level, Compute compute,
                                          int64_t kept_bytes) {
  return std::make_shared<CpuBackend>(cpu::select_kernels(level), compute, kept_bytes);
}

}  // namespace zanime::ops
