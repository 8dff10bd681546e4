#include "ops/cpu/convolution.h"

#include <algorithm>
#include <stdexcept>

#include <oneapi/dnnl/dnnl.hpp>

#include "base/error.h"
#include "base/parallel.h"
#include "ops/cpu/parameter.h"
#include "ops/cpu/scratch.h"
#include "ops/cpu/weight_block.h"

namespace zanime::ops::cpu {
namespace {

using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

dnnl::memory::desc f32(const Dims& dims, Tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

// oneDNN 3 dropped the operation descriptors that oneDNN 2 builds primitives from. The padding is
// in the source already; the caller brings the scratchpad, so that threads can run at once.
dnnl::convolution_forward::primitive_desc describe(
    const dnnl::engine& engine, const dnnl::memory::desc& source, const dnnl::memory::desc& weights,
    const dnnl::memory::desc& bias, const dnnl::memory::desc& target, const Conv2d& layer) {
  const Dims strides = {layer.stride, layer.stride};
  const Dims padding = {0, 0};
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kind,    algorithm, source,  weights,   bias,
          target, strides, padding,   padding, attributes};
#else
  return {{kind, algorithm, source, weights, bias, target, strides, padding, padding},
          attributes,
          engine};
#endif
}

// Output rows of one strip: enough that the rows read twice, by two strips, are few, and few enough
// that a strip's input is in cache when it is multiplied.
int64_t strip_rows(int64_t height, int64_t line_size) {
  constexpr int64_t kLeast = 8, kFloats = int64_t{1} << 20;
  return std::clamp(kFloats / line_size, std::min(kLeast, height), height);
}

struct Strips {
  int64_t rows;  // of output; the last strip of a picture may have fewer
  int64_t in_a_picture;
};

// The rows beside each strip, kept before they are overwritten: [strips, 2, line].
class KeptRows {
 public:
  KeptRows() = default;
  KeptRows(const PictureLines& lines, const Strips& strips)
      : line_(lines.width() * lines.channels()),
        rows_(Shape{lines.x.dim(0) * strips.in_a_picture, 2, line_}) {
    parallel_for(lines.x.dim(0) * strips.in_a_picture, [&](int64_t i) {
      const int64_t picture = i / strips.in_a_picture;
      const int64_t first = i % strips.in_a_picture * strips.rows;
      const int64_t end = first + strips.rows;
      float* kept = rows_.data() + i * 2 * line_;
      if (first > 0) std::copy_n(lines.stored(picture, first - 1), line_, kept);
      if (end < lines.height()) std::copy_n(lines.stored(picture, end), line_, kept + line_);
    });
  }
  bool empty() const { return rows_.empty(); }
  const float* before(int64_t strip) const { return rows_.data() + strip * 2 * line_; }
  const float* after(int64_t strip) const { return before(strip) + line_; }

 private:
  int64_t line_ = 0;
  Tensor rows_;
};

// The primitive for strips of so many rows, which lie between lines of padding already.
class StripConvolution {
 public:
  StripConvolution(const dnnl::engine& engine, const Conv2d& layer, const Tensor& bias,
                   int64_t rows, int64_t in_width, int64_t out_width)
      : engine_(engine), bias_values_(bias) {
    const Shape& kernel = layer.weight.shape();
    const int64_t in_rows = (rows - 1) * layer.stride + kernel[2];
    source_ = f32({1, kernel[1], in_rows, in_width}, Tag::nhwc);
    target_ = f32({1, kernel[0], rows, out_width}, Tag::nhwc);
    bias_ = bias.empty() ? dnnl::memory::desc() : f32({kernel[0]}, Tag::x);
    description_ = describe(engine, source_, f32(kernel.dims(), Tag::any), bias_, target_, layer);
    primitive_ = dnnl::convolution_forward(description_);
  }

  dnnl::memory::desc weights_desc() const { return description_.weights_desc(); }

  // Runs on the calling thread when that is one of several.
  void run(const dnnl::memory& weights, float* source, float* target) const {
    dnnl::stream stream(engine_);
    dnnl::memory scratchpad(description_.scratchpad_desc(), engine_);
    // oneDNN's arguments are not const-qualified; it only reads the bias.
    primitive_.execute(stream,
                       {{DNNL_ARG_SRC, {source_, engine_, source}},
                        {DNNL_ARG_WEIGHTS, weights},
                        {DNNL_ARG_BIAS, {bias_, engine_, const_cast<float*>(bias_values_.data())}},
                        {DNNL_ARG_DST, {target_, engine_, target}},
                        {DNNL_ARG_SCRATCHPAD, scratchpad}});
    stream.wait();
  }

 private:
  dnnl::engine engine_;
  Tensor bias_values_;
  dnnl::memory::desc source_, target_, bias_;
  dnnl::convolution_forward::primitive_desc description_;
  dnnl::convolution_forward primitive_;
};

// The layer's weights in the layout that the primitive wants.
dnnl::memory reordered_weights(const RowKernels& kernels, const dnnl::engine& engine,
                               const Conv2d& layer, const dnnl::memory::desc& wanted) {
  const Shape& kernel = layer.weight.shape();
  Tensor plain(kernel);
  convert_block(kernels, layer.weight, 0, kernel[0], 0, layer.weight.columns(), plain.data());
  dnnl::stream stream(engine);
  dnnl::memory from(f32(kernel.dims(), Tag::oihw), engine, plain.data());
  dnnl::memory to(wanted, engine);
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return to;
}

void convolve(const RowKernels& kernels, const PictureLines& lines, const Conv2d& layer,
              Tensor& out) {
  const int64_t taps = layer.weight.shape()[2];
  const int64_t height = out.dim(1);
  const int64_t in_width = lines.width() + layer.pad_before + layer.pad_after;
  const int64_t line = in_width * lines.channels();
  const int64_t rows = strip_rows(height, line * layer.stride);
  const Strips strips{rows, (height + rows - 1) / rows};
  const KeptRows kept = out.data() == lines.x.data() ? KeptRows(lines, strips) : KeptRows();

  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const Tensor bias = parameter(kernels, layer.bias);
  const StripConvolution whole(engine, layer, bias, rows, in_width, out.dim(2));
  const int64_t rest = height % rows;
  const StripConvolution last(engine, layer, bias, rest == 0 ? rows : rest, in_width, out.dim(2));
  const dnnl::memory weights = reordered_weights(kernels, engine, layer, whole.weights_desc());
  const dnnl::memory last_weights =
      last.weights_desc() == whole.weights_desc()
          ? weights
          : reordered_weights(kernels, engine, layer, last.weights_desc());

  parallel_for(out.dim(0) * strips.in_a_picture, [&](int64_t strip) {
    const int64_t picture = strip / strips.in_a_picture;
    const int64_t first = strip % strips.in_a_picture * rows;
    const bool is_whole = first + rows <= height;
    const int64_t top = first * layer.stride - layer.pad_before;
    const int64_t in_rows = ((is_whole ? rows : rest) - 1) * layer.stride + taps;
    float* source = scratch<float>(Scratch::kConvolutionStrip, in_rows * line);
    for (int64_t i = 0; i < in_rows; ++i) {
      const int64_t row = top + i;
      const float* stored = nullptr;
      if (row >= 0 && row < lines.height()) {
        stored = kept.empty()          ? lines.stored(picture, row)
                 : row < first         ? kept.before(strip)
                 : row >= first + rows ? kept.after(strip)
                                       : lines.stored(picture, row);
      }
      read_line(kernels, lines, picture, stored, layer.pad_before, layer.pad_after,
                source + i * line);
    }
    float* target = out.data() + (picture * height + first) * out.dim(2) * out.dim(3);
    (is_whole ? whole : last).run(is_whole ? weights : last_weights, source, target);
  });
}

}  // namespace

Shape convolved_shape(const Shape& picture, const Conv2d& layer) {
  const Shape& kernel = layer.weight.shape();
  if (picture.rank() != 4 || kernel.rank() != 4 || kernel[1] != picture[3]) {
    throw std::invalid_argument("conv2d " + layer.weight.name() + " " + kernel.to_string() +
                                " on " + picture.to_string());
  }
  const int64_t padding = layer.pad_before + layer.pad_after;
  return {picture[0], (picture[1] + padding - kernel[2]) / layer.stride + 1,
          (picture[2] + padding - kernel[3]) / layer.stride + 1, kernel[0]};
}

void conv2d(const RowKernels& kernels, const PictureLines& lines, const Conv2d& layer,
            Tensor& out) {
  try {
    convolve(kernels, lines, layer, out);
  } catch (const dnnl::error& error) {
    const ErrorKind kind =
        error.status == dnnl_out_of_memory ? ErrorKind::kResource : ErrorKind::kInternal;
    throw Error(kind, "convolution " + layer.weight.name() + ": oneDNN: " + error.message);
  }
}

}  // namespace zanime::ops::cpu
