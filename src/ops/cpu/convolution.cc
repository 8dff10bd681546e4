#include "ops/cpu/convolution.h"

#include <stdexcept>

#include <oneapi/dnnl/dnnl.hpp>

#include "base/error.h"
#include "ops/cpu/linear.h"

namespace zanime::ops::cpu {
namespace {

using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

dnnl::memory::desc f32(const Dims& dims, Tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

// oneDNN 3 dropped the operation descriptors that oneDNN 2 builds primitives from.
dnnl::convolution_forward::primitive_desc describe(
    const dnnl::engine& engine, const dnnl::memory::desc& source, const dnnl::memory::desc& weights,
    const dnnl::memory::desc& bias, const dnnl::memory::desc& target, const Conv2d& layer) {
  const Dims strides = {layer.stride, layer.stride};
  const Dims before = {layer.pad_before, layer.pad_before};
  const Dims after = {layer.pad_after, layer.pad_after};
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kind, algorithm, source, weights, bias, target, strides, before, after};
#else
  return {{kind, algorithm, source, weights, bias, target, strides, before, after}, engine};
#endif
}

}  // namespace

Tensor conv2d(const RowKernels& kernels, const Tensor& x, const Conv2d& layer) {
  const Shape& kernel = layer.weight.shape();
  if (x.rank() != 4 || kernel.rank() != 4 || kernel[1] != x.dim(3)) {
    throw std::invalid_argument("conv2d " + layer.weight.name() + " " + kernel.to_string() +
                                " on " + x.shape().to_string());
  }
  const int64_t padding = layer.pad_before + layer.pad_after;
  const int64_t height = (x.dim(1) + padding - kernel[2]) / layer.stride + 1;
  const int64_t width = (x.dim(2) + padding - kernel[3]) / layer.stride + 1;
  Tensor out(Shape{x.dim(0), height, width, kernel[0]});

  Tensor plain(kernel);
  convert_block(kernels, layer.weight, 0, kernel[0], 0, layer.weight.columns(), plain.data());

  try {
    const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    dnnl::stream stream(engine);
    const Dims weight_dims = kernel.dims();
    const dnnl::memory::desc bias_desc =
        layer.bias.empty() ? dnnl::memory::desc() : f32({kernel[0]}, Tag::x);
    const auto source_desc = f32({x.dim(0), x.dim(3), x.dim(1), x.dim(2)}, Tag::nhwc);
    const auto target_desc = f32({x.dim(0), kernel[0], height, width}, Tag::nhwc);
    const auto primitive_desc =
        describe(engine, source_desc, f32(weight_dims, Tag::any), bias_desc, target_desc, layer);

    dnnl::memory plain_weights(f32(weight_dims, Tag::oihw), engine, plain.data());
    dnnl::memory weights(primitive_desc.weights_desc(), engine);
    dnnl::reorder(plain_weights, weights).execute(stream, plain_weights, weights);

    // oneDNN's arguments are not const-qualified; it only reads these.
    dnnl::memory source(source_desc, engine, const_cast<float*>(x.data()));
    dnnl::memory bias(bias_desc, engine, const_cast<float*>(layer.bias.data()));
    dnnl::memory target(target_desc, engine, out.data());
    dnnl::convolution_forward(primitive_desc)
        .execute(stream, {{DNNL_ARG_SRC, source},
                          {DNNL_ARG_WEIGHTS, weights},
                          {DNNL_ARG_BIAS, bias},
                          {DNNL_ARG_DST, target}});
    stream.wait();
  } catch (const dnnl::error& error) {
    const ErrorKind kind =
        error.status == dnnl_out_of_memory ? ErrorKind::kResource : ErrorKind::kInternal;
    throw Error(kind, "convolution " + layer.weight.name() + ": oneDNN: " + error.message);
  }
  return out;
}

}  // namespace zanime::ops::cpu
