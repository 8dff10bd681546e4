#include "ops/cuda/cuda_backend.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "ops/backend_memory.h"
#include "ops/cuda/card_arithmetic.h"
#include "ops/cuda/kernels/elementwise.h"
#include "ops/cuda/kernels/norms.h"
#include "ops/cuda/kernels/pictures.h"
#include "ops/cuda/linear.h"
#include "ops/cuda/product_attention.h"
#include "ops/cuda/product_convolution.h"
#include "ops/cuda/weight_store.h"
#include "weights/weight_values.h"

namespace zanime::ops::cuda {
namespace {

struct ModeChoice {
  Mode mode;
  std::string text;  // for the description
};

ModeChoice choose_mode(Library& library, Compute compute) {
  if (compute == Compute::kFloat32) return {Mode::kFloat32, "fp32"};
  if (!library.multiplies_bf16()) {
    return {Mode::kFloat32, "fp32, because this card multiplies no bfloat16"};
  }
  if (compute == Compute::kInt8) {
    if (library.multiplies_int8()) {
      return {Mode::kInt8, "int8"};
    }
    return {Mode::kBFloat16, "bf16, because this card multiplies no 8-bit integers"};
  }
  if (compute == Compute::kFloat8) {
    switch (library.f8_scales()) {
      case F8Scales::kRows:
        return {Mode::kFloat8, "fp8"};
      case F8Scales::kTensor:
        return {Mode::kFloat8, "fp8 with one scale for each factor"};
      case F8Scales::kNone:
        return {Mode::kBFloat16, "bf16, because this card multiplies no F8"};
    }
  }
  return {Mode::kBFloat16, "bf16"};
}

[[noreturn]] void misfit(const std::string& operation, const Shape& a, const Shape& b) {
  throw std::invalid_argument(operation + ": " + b.to_string() + " does not fit " + a.to_string());
}

class CudaBackend final : public Backend {
 public:
  CudaBackend(std::shared_ptr<Memory> memory, std::shared_ptr<Library> library,
              const ModeChoice& choice, int64_t weight_bytes)
      : memory_(std::move(memory)),
        library_(std::move(library)),
        mode_(choice.mode),
        mode_text_(choice.text),
        store_(*memory_, weight_bytes),
        layers_(*memory_, *library_, store_, choice.mode) {
    memory_->on_shortage([this] { return give_up_weights(); });
  }
  ~CudaBackend() override { memory_->on_shortage({}); }

  std::string compute_name() const override {
    switch (mode_) {
      case Mode::kFloat32:
        return "fp32";
      case Mode::kBFloat16:
        return "bf16";
      case Mode::kFloat8:
        return "fp8";
      case Mode::kInt8:
        return "int8";
    }
    return {};
  }

  std::string instructions() const override { return library_->description(); }

  std::unique_ptr<BareArithmetic> bare_arithmetic() override {
    return card_arithmetic(*memory_, *library_, mode_);
  }

  std::string description() const override {
    return library_->description() + ", " + mode_text_ + ", " +
           std::to_string(store_.capacity() >> 20) + " MiB for weights";
  }

  Activation upload(const Tensor& values) override {
    Activation out = make(values.shape(), DType::kF32);
    memory_->upload(data(out), {values.data(), values.size() * 4});
    return out;
  }

  Tensor download(const Activation& x) override {
    Tensor out(x.shape());
    const Activation wide = as(DType::kF32, x);
    memory_->download(out.data(), data(wide), out.size() * 4);
    return out;
  }

  void expect(std::span<const weights::Weight* const> weights) override {
    for (const weights::Weight* weight : weights) {
      if (weight->shape().rank() == 2 && layers_.takes_stored(*weight)) store_.expect(*weight);
    }
  }

  Activation join_rows(std::span<const Activation> parts) override {
    int64_t batch = 1, tokens = 0;
    DType type = DType::kBF16;
    for (const Activation& part : parts) {
      if (part.rank() != 3 || part.dim(2) != parts.front().dim(2) ||
          (batch != 1 && part.dim(0) != 1 && part.dim(0) != batch)) {
        misfit("join_rows", parts.front().shape(), part.shape());
      }
      batch = std::max(batch, part.dim(0));
      tokens += part.dim(1);
      if (type_of(part) == DType::kF32) type = DType::kF32;
    }
    Activation out = make({batch, tokens, parts.front().dim(2)}, type);
    int64_t first = 0;
    for (const Activation& part : parts) {
      const Activation source = as(type, part);
      copy_rows(stream(),
                {.dtype = type,
                 .items = batch,
                 .rows = part.dim(1),
                 .columns = part.dim(2),
                 .from_rows = part.dim(0) == 1 ? 0 : part.dim(1),
                 .to_rows = tokens,
                 .to_first = first},
                data(source), data(out));
      first += part.dim(1);
    }
    return out;
  }

  Activation join_channels(std::span<const Activation> parts) override {
    if (parts.empty()) throw std::invalid_argument("join_channels: no parts");
    Shape shape = parts.front().shape();
    const int64_t rows = parts.front().size() / shape[-1];
    shape[-1] = 0;
    DType type = DType::kBF16;
    for (const Activation& part : parts) {
      if (part.rank() != shape.rank() || part.size() != rows * part.dim(-1)) {
        misfit("join_channels", parts.front().shape(), part.shape());
      }
      shape[-1] += part.dim(-1);
      if (type_of(part) == DType::kF32) type = DType::kF32;
    }
    Activation out = make(shape, type);
    int64_t first = 0;
    for (const Activation& part : parts) {
      const Activation source = as(type, part);
      copy_columns(stream(), shape_of(source), data(source), shape[-1], first, data(out));
      first += part.dim(-1);
    }
    return out;
  }

  Activation linear(const Activation& x, const Linear& layer) override {
    Rows rows = rows_of(x);
    return multiply(rows, x.shape(), layer);
  }

  void linear_add_inplace(Activation& sum, const Activation& x, const Linear& layer) override {
    Rows rows = rows_of(x);
    check_linear(x.shape(), layer);
    if (sum.size() != rows.rows() * layer.weight.rows()) misfit("linear", sum.shape(), x.shape());
    layers_.multiply(rows, layer, true, type_of(sum), data(sum));
  }

  Activation gated_feed_forward(const Activation& x, const Linear& gate, const Linear& up,
                                const Linear& down) override {
    Rows rows = rows_of(x);
    Activation hidden = multiply(rows, x.shape(), gate);
    const Activation factor = multiply(rows, x.shape(), up);
    if (hidden.size() != factor.size() || type_of(hidden) != type_of(factor)) {
      misfit("gated_feed_forward", hidden.shape(), factor.shape());
    }
    silu_multiply(stream(), type_of(hidden), hidden.size(), data(hidden), data(factor));
    return linear(hidden, down);
  }

  // A prompt has a few hundred rows of a table of hundreds of megabytes: they are widened on the
  // host, and the table stays there.
  Activation embedding_rows(const weights::Weight& table, std::span<const int32_t> ids) override {
    Tensor rows(Shape{static_cast<int64_t>(ids.size()), table.columns()});
    for (size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] < 0 || ids[i] >= table.rows()) {
        throw std::invalid_argument("embedding_rows: row " + std::to_string(ids[i]) + " of " +
                                    table.shape().to_string());
      }
      weights::rows_to_float32(table, ids[i], 1, rows.data() + i * table.columns());
    }
    return upload(rows);
  }

  Activation rms_norm(const Activation& x, const weights::Weight& weight, float epsilon,
                      const Activation& scale) override {
    const RowsShape shape = shape_of(x);
    if (weight.shape().size() != shape.columns ||
        (!scale.empty() && scale.size() != shape.columns)) {
      misfit("rms_norm", x.shape(), weight.shape());
    }
    const DeviceWeight weights = layers_.vector(weight);
    const Activation factor = as(DType::kF32, scale);
    Activation out = make(x.shape(), layers_.working_type());
    cuda::rms_norm(stream(), shape, data(x), weights.floats(), floats(factor), epsilon,
                   type_of(out), data(out));
    return out;
  }

  Activation layer_norm(const Activation& x, float epsilon, const Activation& scale) override {
    const RowsShape shape = shape_of(x);
    if (scale.size() != shape.columns) misfit("layer_norm", x.shape(), scale.shape());
    const Activation factor = as(DType::kF32, scale);
    Activation out = make(x.shape(), layers_.working_type());
    cuda::layer_norm(stream(), shape, data(x), floats(factor), epsilon, type_of(out), data(out));
    return out;
  }

  void gated_norm_add_inplace(Activation& sum, const Activation& x, const weights::Weight& weight,
                              float epsilon, const Activation& gate) override {
    const RowsShape shape = shape_of(x);
    if (sum.size() != x.size() || weight.shape().size() != shape.columns ||
        (!gate.empty() && gate.size() != shape.columns)) {
      misfit("gated_norm_add", sum.shape(), x.shape());
    }
    const DeviceWeight weights = layers_.vector(weight);
    const Activation factor = as(DType::kF32, gate);
    gated_norm_add(stream(), shape, data(x), weights.floats(), floats(factor), epsilon,
                   type_of(sum), data(sum));
  }

  Activation silu(const Activation& x) override {
    Activation out = make(x.shape(), type_of(x));
    cuda::silu(stream(), type_of(x), x.size(), data(x), data(out));
    return out;
  }

  void leaky_relu_inplace(Activation& x, float slope) override {
    prelu(stream(), shape_of(x), data(x), nullptr, slope);
  }

  void prelu_inplace(Activation& x, const weights::Weight& slopes) override {
    if (slopes.shape().size() != x.dim(-1)) misfit("prelu", x.shape(), slopes.shape());
    const DeviceWeight factors = layers_.vector(slopes);
    prelu(stream(), shape_of(x), data(x), factors.floats(), 0.0f);
  }

  Activation sigmoid_attention(const Activation& x, const Activation& residual) override {
    if (x.shape() != residual.shape()) misfit("sigmoid_attention", x.shape(), residual.shape());
    Activation out = make(x.shape(), type_of(x));
    cuda::sigmoid_attention(stream(), type_of(x), x.size(), data(x), type_of(residual),
                            data(residual), data(out));
    return out;
  }

  void head_norm_rope_inplace(Activation& qkv, const AttentionLayout& layout,
                              const weights::Weight& query_weight,
                              const weights::Weight& key_weight, float epsilon,
                              const RopeTable& rope) override {
    const int64_t rows = layout.batch * layout.tokens;
    if (qkv.size() != rows * layout.row_size() ||
        rope.cos.size() != layout.tokens * layout.head_dim / 2 ||
        rope.sin.size() != rope.cos.size() || query_weight.shape().size() != layout.head_dim ||
        key_weight.shape().size() != layout.head_dim) {
      misfit("head_norm_rope", qkv.shape(), rope.cos.shape());
    }
    const DeviceWeight query = layers_.vector(query_weight), key = layers_.vector(key_weight);
    const Activation cosines = as(DType::kF32, rope.cos), sines = as(DType::kF32, rope.sin);
    head_norm_rope(stream(),
                   {.dtype = type_of(qkv),
                    .rows = rows,
                    .row_size = layout.row_size(),
                    .tokens = layout.tokens,
                    .query_heads = layout.query_heads,
                    .key_heads = layout.kv_heads,
                    .head_dim = layout.head_dim,
                    .pairs_interleaved = rope.pairs == RopePairs::kInterleaved},
                   data(qkv), query.floats(), key.floats(), epsilon, floats(cosines),
                   floats(sines));
  }

  Activation attention(const Activation& qkv, const AttentionLayout& layout, bool causal) override {
    const int64_t rows = layout.batch * layout.tokens;
    if (qkv.size() != rows * layout.row_size()) {
      misfit("attention", Shape{rows, layout.row_size()}, qkv.shape());
    }
    const Attention call{layout.batch,    layout.tokens,   layout.query_heads,
                         layout.kv_heads, layout.head_dim, causal};
    const Activation source = as(layers_.working_type(), qkv);
    Activation out = make({rows, layout.query_heads * layout.head_dim}, type_of(source));
    memory_->pace();  // a block has one attention
    const bool done =
        type_of(source) == DType::kBF16 && library_->attend(call, data(source), data(out));
    if (!done) {
      product_attention(*memory_, *library_, call, type_of(source), data(source), data(out));
    }
    return out;
  }

  Activation conv2d(const Activation& x, const Conv2d& layer) override {
    const Activation source = as(layers_.working_type(), x);
    const Convolution call = convolution(source.shape(), layer);
    Activation out = make({call.items, call.out_height(), call.out_width(), call.outputs},
                          layers_.working_type());
    convolve(call, source, layer, out);
    return out;
  }

  Activation upsample_conv2d(const Activation& x, const Conv2d& layer) override {
    if (x.rank() != 4) misfit("upsample_conv2d", layer.weight.shape(), x.shape());
    Activation large = make({x.dim(0), 2 * x.dim(1), 2 * x.dim(2), x.dim(3)}, type_of(x));
    upsample_nearest(stream(), type_of(x), x.dim(0), x.dim(1), x.dim(2), x.dim(3), data(x),
                     data(large));
    return conv2d(large, layer);
  }

  Activation norm_conv2d(const Activation& x, const GroupNorm& norm, const Conv2d& layer) override {
    return conv2d(normed(x, norm, true), layer);
  }

  void norm_conv2d_inplace(Activation& x, const GroupNorm& norm, const Conv2d& layer) override {
    const Activation source = normed(x, norm, true);
    const Convolution call = convolution(source.shape(), layer);
    if (call.out_height() != call.height || call.out_width() != call.width ||
        call.outputs != call.inputs) {
      misfit("norm_conv2d_inplace", layer.weight.shape(), x.shape());
    }
    if (type_of(x) != layers_.working_type()) {
      x = conv2d(source, layer);
    } else {
      convolve(call, source, layer, x);
    }
  }

  Activation group_norm(const Activation& x, const GroupNorm& norm) override {
    return normed(x, norm, false);
  }

  void add_inplace(Activation& sum, const Activation& x, float factor) override {
    if (sum.size() != x.size()) misfit("add", sum.shape(), x.shape());
    add(stream(), type_of(x), x.size(), type_of(sum), data(sum), data(x), factor);
  }

 private:
  Stream stream() { return memory_->stream(); }
  static DType type_of(const Activation& x) { return BackendMemory::dtype(x); }

  static void* data(const Activation& x) {
    if (x.empty()) return nullptr;
    const int64_t offset = dtype_bytes(type_of(x), BackendMemory::offset(x));
    return static_cast<std::byte*>(BackendMemory::memory(x).get()) + offset;
  }
  static const float* floats(const Activation& x) { return static_cast<const float*>(data(x)); }

  static RowsShape shape_of(const Activation& x) {
    if (x.rank() == 0 || x.dim(-1) == 0) misfit("rows", Shape{0}, x.shape());
    return {type_of(x), x.size() / x.dim(-1), x.dim(-1)};
  }

  Rows rows_of(const Activation& x) {
    const RowsShape shape = shape_of(x);
    return {*memory_, shape.dtype, shape.rows, shape.columns, data(x)};
  }

  Activation make(Shape shape, DType type) {
    std::shared_ptr<void> memory = memory_->allocate(dtype_bytes(type, shape.size()));
    return BackendMemory::wrap(std::move(shape), type, std::move(memory));
  }

  bool give_up_weights() {
    if (!store_.release_least_used()) return false;
    if (!has_told_of_shortage_) {
      log_info("the card's memory is full: weights are given up and sent again when they are used");
    }
    has_told_of_shortage_ = true;
    return true;
  }

  Activation as(DType type, const Activation& x) {
    if (x.empty() || type_of(x) == type) return x;
    Activation out = make(x.shape(), type);
    convert(stream(), type_of(x), type, x.size(), data(x), data(out));
    return out;
  }

  static void check_linear(const Shape& x, const Linear& layer) {
    if (x.rank() == 0 || x[-1] != layer.weight.columns() ||
        (!layer.bias.empty() && layer.bias.shape().size() != layer.weight.rows())) {
      misfit("linear " + layer.weight.name(), layer.weight.shape(), x);
    }
  }

  Activation multiply(Rows& rows, Shape shape, const Linear& layer) {
    check_linear(shape, layer);
    shape[-1] = layer.weight.rows();
    Activation out =
        make(std::move(shape), layer.keeps_float32 ? DType::kF32 : layers_.working_type());
    layers_.multiply(rows, layer, false, type_of(out), data(out));
    return out;
  }

  Convolution convolution(const Shape& x, const Conv2d& layer) const {
    const Shape& kernel = layer.weight.shape();
    if (x.rank() != 4 || kernel.rank() != 4 || x[3] != kernel[1] ||
        x[1] + layer.pad_before + layer.pad_after < kernel[2] ||
        x[2] + layer.pad_before + layer.pad_after < kernel[3]) {
      misfit("conv2d " + layer.weight.name(), kernel, x);
    }
    return {layers_.working_type(),
            x[0],
            x[1],
            x[2],
            x[3],
            kernel[0],
            kernel[2],
            kernel[3],
            layer.stride,
            layer.pad_before,
            layer.pad_after};
  }

  void convolve(const Convolution& call, const Activation& x, const Conv2d& layer,
                Activation& out) {
    const bool is_float = call.dtype == DType::kF32;
    const DeviceWeight filter =
        store_.get(layer.weight, is_float ? WeightForm::kFilter32 : WeightForm::kFilter16,
                   dtype_bytes(call.dtype, layer.weight.shape().size()),
                   [&](void* to) { upload_filter(*memory_, layer.weight, call.dtype, to); });
    DeviceWeight bias;
    if (!layer.bias.empty()) bias = layers_.vector(layer.bias);
    memory_->pace();
    if (!library_->convolve(call, data(x), filter.data(), bias.floats(), data(out))) {
      product_convolution(*memory_, *library_, call, data(x), filter.data(), bias.floats(),
                          data(out));
    }
  }

  Activation normed(const Activation& x, const GroupNorm& norm, bool with_silu) {
    if (x.rank() != 4 || norm.weight.shape().size() != x.dim(3) ||
        norm.bias.shape().size() != x.dim(3)) {
      misfit("group_norm", norm.weight.shape(), x.shape());
    }
    const PictureShape shape{type_of(x), x.dim(0), x.dim(1) * x.dim(2), x.dim(3)};
    const DeviceWeight weight = layers_.vector(norm.weight), bias = layers_.vector(norm.bias);
    const Activation scratch = make({group_norm_scratch(shape, norm.groups)}, DType::kF32);
    const Activation factors = make({x.dim(0), 2, x.dim(3)}, DType::kF32);
    group_norm_factors(stream(), shape, norm.groups, data(x), weight.floats(), bias.floats(),
                       norm.epsilon, static_cast<float*>(data(scratch)),
                       static_cast<float*>(data(factors)));
    Activation out = make(x.shape(), type_of(x));
    group_norm_apply(stream(), shape, data(x), floats(factors), with_silu, data(out));
    return out;
  }

  const std::shared_ptr<Memory> memory_;
  const std::shared_ptr<Library> library_;
  const Mode mode_;
  const std::string mode_text_;
  WeightStore store_;
  LinearLayers layers_;
  bool has_told_of_shortage_ = false;
};

}  // namespace

std::shared_ptr<Backend> make_backend_on(std::shared_ptr<Memory> memory,
                                         std::shared_ptr<Library> library, Compute compute,
                                         int64_t weight_bytes) {
  const ModeChoice choice = choose_mode(*library, compute);
  return std::make_shared<CudaBackend>(std::move(memory), std::move(library), choice, weight_bytes);
}

}  // namespace zanime::ops::cuda
