// The operations the networks are written in. Each is as large as a fused kernel wants to be; a
// backend (ops/cpu, later ops/cuda) is one class that implements them.
//
// Conventions. Activations are float32 tensors in the backend's memory, rows outermost: token
// matrices [tokens, channels] or [batch, tokens, channels] (leading axes are flattened to rows),
// pictures channel-last [batch, height, width, channels]. A function returns a new tensor unless
// its name ends in `_inplace`. Shapes are the caller's duty: a mismatch is a defect of a network
// and throws std::invalid_argument.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "weights/weight.h"

namespace zanime::ops {

// y = x W^T + b. weight [out, in]; bias [out] or empty.
struct Linear {
  weights::Weight weight;
  Tensor bias;
  // Always multiplied in float32: layers where little is to gain and much to lose.
  bool keeps_float32 = false;
};

// What the products of linear layers are computed in. kFloat32 is the reference. kBFloat16 rounds
// both factors to bfloat16 and sums in float32; a CPU without such products multiplies the rounded
// numbers in float32, for the same picture. kInt8 takes 8-bit integers, faster on many CPUs and
// less exact (ops/cpu/quantized_linear.h). kAuto is kBFloat16 where the CPU is made for it, and
// kFloat32 elsewhere.
enum class Compute { kAuto, kFloat32, kBFloat16, kInt8 };
// "auto", "fp32", "bf16" or "int8". Throws Error(kUsage) for others.
Compute parse_compute(const std::string& name);

// weight [out, in, kh, kw]; bias [out]. Zero padding by pixels.
struct Conv2d {
  weights::Weight weight;
  Tensor bias;
  int stride = 1;
  int pad_before = 1;  // top and left
  int pad_after = 1;   // bottom and right
};

// Wu and He 2018 (arXiv 1803.08494): statistics per picture and group of channels. weight and bias
// [channels].
struct GroupNorm {
  int groups = 32;
  Tensor weight;
  Tensor bias;
  float epsilon = 1e-6f;
};

// Rows of `qkv` hold query heads, then key heads, then value heads, head_dim values each.
struct AttentionLayout {
  int64_t batch = 1;
  int64_t tokens = 0;  // per batch item
  int64_t query_heads = 0;
  int64_t kv_heads = 0;  // each serves query_heads / kv_heads consecutive query heads
  int64_t head_dim = 0;

  int64_t row_size() const { return (query_heads + 2 * kv_heads) * head_dim; }
};

// Which elements of a head a rotation pairs: (i, i + head_dim / 2), or (2i, 2i + 1).
enum class RopePairs { kHalfSplit, kInterleaved };

// cos and sin of every token's angles, each [tokens, head_dim / 2]; shared by the batch.
struct RopeTable {
  Tensor cos;
  Tensor sin;
  RopePairs pairs = RopePairs::kInterleaved;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // One line for logs: "CPU, AVX2, 2 threads, oneDNN 2.6.3".
  virtual std::string description() const = 0;

  // x [.., in] -> [.., out].
  virtual Tensor linear(const Tensor& x, const Linear& layer) = 0;
  // sum += linear(x, layer): a residual connection.
  virtual void linear_add_inplace(Tensor& sum, const Tensor& x, const Linear& layer) = 0;
  // down(silu(gate(x)) * up(x)), the gated feed-forward of Llama (Shazeer 2020, arXiv 2002.05202).
  virtual Tensor gated_feed_forward(const Tensor& x, const Linear& gate, const Linear& up,
                                    const Linear& down) = 0;
  // Rows `ids` of table [vocabulary, channels] -> [ids, channels].
  virtual Tensor embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) = 0;

  // x / sqrt(mean(x^2) + epsilon) * weight, times (1 + scale) where scale is not empty.
  // weight and scale [channels].
  virtual Tensor rms_norm(const Tensor& x, const Tensor& weight, float epsilon,
                          const Tensor& scale = {}) = 0;
  // (x - mean) / sqrt(variance + epsilon) * (1 + scale). scale [channels].
  virtual Tensor layer_norm(const Tensor& x, float epsilon, const Tensor& scale) = 0;
  // sum += tanh(gate) * rms_norm(x, weight), or without the factor where gate is empty.
  virtual void gated_norm_add_inplace(Tensor& sum, const Tensor& x, const Tensor& weight,
                                      float epsilon, const Tensor& gate) = 0;
  virtual Tensor silu(const Tensor& x) = 0;

  // RMS norm of every query and key head (weights [head_dim]), then rotation.
  virtual void head_norm_rope_inplace(Tensor& qkv, const AttentionLayout& layout,
                                      const Tensor& query_weight, const Tensor& key_weight,
                                      float epsilon, const RopeTable& rope) = 0;
  // softmax(q k^T / sqrt(head_dim)) v per head; causal: a token sees itself and those before it.
  // qkv [batch * tokens, row_size] -> [batch * tokens, query_heads * head_dim].
  virtual Tensor attention(const Tensor& qkv, const AttentionLayout& layout, bool causal) = 0;

  // [B, H, W, in] -> [B, H', W', out]
  virtual Tensor conv2d(const Tensor& x, const Conv2d& layer) = 0;
  // conv2d of x doubled by nearest neighbour, for 3 x 3 with one pixel of padding on each side:
  // [B, H, W, in] -> [B, 2H, 2W, out].
  virtual Tensor upsample_conv2d(const Tensor& x, const Conv2d& layer) = 0;
  // conv2d(silu(group_norm(x, norm)), layer), without a copy of x for what lies between.
  virtual Tensor norm_conv2d(const Tensor& x, const GroupNorm& norm, const Conv2d& layer) = 0;
  // x = norm_conv2d(x, norm, layer), for a 3 x 3 layer with stride 1, one pixel of padding on each
  // side and as many outputs as inputs.
  virtual void norm_conv2d_inplace(Tensor& x, const GroupNorm& norm, const Conv2d& layer) = 0;
  virtual Tensor group_norm(const Tensor& x, const GroupNorm& norm) = 0;
  // sum += x
  virtual void add_inplace(Tensor& sum, const Tensor& x) = 0;
};

// The CPU backend. `level` forces an instruction set ("baseline", "avx2", "avx512"); empty takes
// ZANIME_CPU_LEVEL from the environment or, without it, the best this CPU has. Throws
// Error(kUsage) for a level that does not exist or that this CPU lacks. With kInt8, up to
// `kept_bytes` of converted weights stay in memory between products.
std::shared_ptr<Backend> make_cpu_backend(const std::string& level = "",
                                          Compute compute = Compute::kFloat32,
                                          int64_t kept_bytes = 0);
// The levels this CPU can run, lowest first.
std::vector<std::string> cpu_levels();

}  // namespace zanime::ops
