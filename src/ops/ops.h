// The operations the networks are written in. Each is as large as a fused kernel wants to be; a
// backend (ops/cpu) is one class that implements them.
//
// Conventions. Activations lie in the backend's memory, rows outermost: token matrices
// [tokens, channels] or [batch, tokens, channels] (leading axes are flattened to rows), pictures
// channel-last [batch, height, width, channels]. The backend chooses their types: what a layer with
// keeps_float32 gives and what is added to (a residual stream) is float32, everything else is what
// the products are computed in. A function returns a new activation unless its name ends in
// `_inplace`. Shapes are the caller's duty: a mismatch is a defect of a network and throws
// std::invalid_argument.
//
// Weights are views into mapped files (weights/weight.h). The backend decides what it keeps of them
// converted or on a device, by where their bytes lie.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "ops/activation.h"
#include "ops/bare_arithmetic.h"
#include "weights/weight.h"

namespace zanime::ops {

// y = x W^T + b. weight [out, in]; bias [out] or empty.
struct Linear {
  weights::Weight weight;
  weights::Weight bias;
  // Always multiplied in float32: layers where little is to gain and much to lose.
  bool keeps_float32 = false;
  // Multiplied in bfloat16 where others are in F8: layers whose errors go through all later ones.
  bool keeps_bfloat16 = false;
};

// What the products of linear layers are computed in. kFloat32 is the reference. kBFloat16 rounds
// both factors to bfloat16 and sums in float32; a CPU without such products multiplies the rounded
// numbers in float32, for the same picture. kInt8 takes 8-bit integers, faster on many CPUs and
// less exact (ops/cpu/quantized_linear.h). kFloat8 takes F8_E4M3 and is for cards alone. kAuto is
// kBFloat16 where the CPU or the card is made for it, and kFloat32 elsewhere.
enum class Compute { kAuto, kFloat32, kBFloat16, kFloat8, kInt8 };
// "auto", "fp32", "bf16", "fp8" or "int8". Throws Error(kUsage) for others.
Compute parse_compute(const std::string& name);

// weight [out, in, kh, kw]; bias [out]. Zero padding by pixels.
struct Conv2d {
  weights::Weight weight;
  weights::Weight bias;
  int stride = 1;
  int pad_before = 1;  // top and left
  int pad_after = 1;   // bottom and right
};

// Wu and He 2018 (arXiv 1803.08494): statistics per picture and group of channels. weight and bias
// [channels].
struct GroupNorm {
  int groups = 32;
  weights::Weight weight;
  weights::Weight bias;
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
  auto operator<=>(const AttentionLayout&) const = default;
};

// Which elements of a head a rotation pairs: (i, i + head_dim / 2), or (2i, 2i + 1).
enum class RopePairs { kHalfSplit, kInterleaved };

// cos and sin of every token's angles, each [tokens, head_dim / 2]; shared by the batch.
struct RopeTable {
  Activation cos;
  Activation sin;
  RopePairs pairs = RopePairs::kInterleaved;

  // Those of the tokens [first, first + count).
  RopeTable rows(int64_t first, int64_t count) const {
    return {cos.rows(first, count), sin.rows(first, count), pairs};
  }
};

class Backend {
 public:
  virtual ~Backend() = default;

  // One line for logs: "CPU, AVX2, 2 threads, oneDNN 2.6.3".
  virtual std::string description() const = 0;
  // What linear layers are computed in, as parse_compute takes it, kAuto resolved: "fp32".
  virtual std::string compute_name() const = 0;
  // What else the last bits of a result depend on: the instruction set ("avx2"), or the card. Empty
  // where nothing does.
  virtual std::string instructions() const { return {}; }
  // For `zanime bench`. The backend must live longer.
  virtual std::unique_ptr<BareArithmetic> bare_arithmetic() = 0;

  // The only ways in and out. Both may share memory with what they are given: what was uploaded is
  // not written to, and what was downloaded is not changed any more. download() alone waits for a
  // device.
  virtual Activation upload(const Tensor& values) = 0;
  virtual Tensor download(const Activation& x) = 0;

  // Tells which weights will be needed soon, in their order, and returns at once: time to bring
  // them from the disk, or to the device.
  virtual void expect(std::span<const weights::Weight* const> weights) = 0;

  // Tokens behind one another: parts [batch or 1, tokens, channels] -> [batch, all tokens,
  // channels]. A part of batch 1 serves every item.
  virtual Activation join_rows(std::span<const Activation> parts) = 0;
  // Channels beside one another: parts [.., c_i] of equal leading extents -> [.., sum of c_i].
  virtual Activation join_channels(std::span<const Activation> parts) = 0;

  // x [.., in] -> [.., out].
  virtual Activation linear(const Activation& x, const Linear& layer) = 0;
  // sum += linear(x, layer): a residual connection.
  virtual void linear_add_inplace(Activation& sum, const Activation& x, const Linear& layer) = 0;
  // down(silu(gate(x)) * up(x)), the gated feed-forward of Llama (Shazeer 2020, arXiv 2002.05202).
  virtual Activation gated_feed_forward(const Activation& x, const Linear& gate, const Linear& up,
                                        const Linear& down) = 0;
  // Rows `ids` of table [vocabulary, channels] -> [ids, channels].
  virtual Activation embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) = 0;

  // x / sqrt(mean(x^2) + epsilon) * weight, times (1 + scale) where scale is not empty.
  // weight and scale [channels].
  virtual Activation rms_norm(const Activation& x, const weights::Weight& weight, float epsilon,
                              const Activation& scale = {}) = 0;
  // (x - mean) / sqrt(variance + epsilon) * (1 + scale). scale [channels].
  virtual Activation layer_norm(const Activation& x, float epsilon, const Activation& scale) = 0;
  // sum += tanh(gate) * rms_norm(x, weight), or without the factor where gate is empty.
  virtual void gated_norm_add_inplace(Activation& sum, const Activation& x,
                                      const weights::Weight& weight, float epsilon,
                                      const Activation& gate) = 0;
  virtual Activation silu(const Activation& x) = 0;
  // x where it is positive, slope * x elsewhere.
  virtual void leaky_relu_inplace(Activation& x, float slope) = 0;
  // The same with a slope for each channel (He et al. 2015, arXiv 1502.01852). slopes [channels].
  virtual void prelu_inplace(Activation& x, const weights::Weight& slopes) = 0;
  // (x + residual) * (sigmoid(x) - 1/2), the attention without weights of SPAN (Wan et al. 2023,
  // arXiv 2311.12770).
  virtual Activation sigmoid_attention(const Activation& x, const Activation& residual) = 0;

  // RMS norm of every query and key head (weights [head_dim]), then rotation.
  virtual void head_norm_rope_inplace(Activation& qkv, const AttentionLayout& layout,
                                      const weights::Weight& query_weight,
                                      const weights::Weight& key_weight, float epsilon,
                                      const RopeTable& rope) = 0;
  // softmax(q k^T / sqrt(head_dim)) v per head; causal: a token sees itself and those before it.
  // qkv [batch * tokens, row_size] -> [batch * tokens, query_heads * head_dim].
  virtual Activation attention(const Activation& qkv, const AttentionLayout& layout,
                               bool causal) = 0;

  // [B, H, W, in] -> [B, H', W', out]
  virtual Activation conv2d(const Activation& x, const Conv2d& layer) = 0;
  // conv2d of x doubled by nearest neighbour, for 3 x 3 with one pixel of padding on each side:
  // [B, H, W, in] -> [B, 2H, 2W, out].
  virtual Activation upsample_conv2d(const Activation& x, const Conv2d& layer) = 0;
  // conv2d(silu(group_norm(x, norm)), layer), without a copy of x for what lies between.
  virtual Activation norm_conv2d(const Activation& x, const GroupNorm& norm,
                                 const Conv2d& layer) = 0;
  // x = norm_conv2d(x, norm, layer), for a 3 x 3 layer with stride 1, one pixel of padding on each
  // side and as many outputs as inputs.
  virtual void norm_conv2d_inplace(Activation& x, const GroupNorm& norm, const Conv2d& layer) = 0;
  virtual Activation group_norm(const Activation& x, const GroupNorm& norm) = 0;
  // sum += factor * x
  virtual void add_inplace(Activation& sum, const Activation& x, float factor = 1.0f) = 0;
};

// What a backend is asked for.
struct BackendOptions {
  // "auto", "cpu", "cuda" or "cuda:N", the card N of those that CUDA shows. auto is the first card
  // where the program was built for cards and one can be used, else the processor; a note says why.
  std::string device = "auto";
  Compute compute = Compute::kAuto;
  // Of a processor: the instruction set, as make_cpu_backend takes it; empty is the best it has.
  std::string level = {};
  // Bytes of converted weights that may stay in memory between products; on a card, all that may be
  // taken of its memory, 0 for what is free.
  int64_t memory = 0;
  int threads = 0;  // of the process, from now on; 0 leaves them as they are
};

// Throws Error(kUsage) for a name that BackendOptions::device never is, or of a card where the
// program was built without them. Asks no driver.
void check_device(const std::string& device);

// Throws Error(kUsage) for a device that does not exist, naming those there are, and
// Error(kResource) for a card that cannot be used.
std::shared_ptr<Backend> make_backend(const BackendOptions& options = {});

}  // namespace zanime::ops
