#include "models/span_upscaler.h"

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "models/conv_layers.h"
#include "models/pixel_shuffle.h"
#include "weights/weight_values.h"

namespace zanime::models {
namespace {

// What is taken from red, green and blue, and what the rest is multiplied by.
constexpr std::array<float, 3> kMeanColour{0.4488f, 0.4371f, 0.4040f};
constexpr float kColourRange = 255.0f;

weights::Weight weight_of(const std::string& name, const Tensor& values) {
  weights::WeightPart part;
  part.data = reinterpret_cast<const std::byte*>(values.data());
  part.rows = values.dim(0);
  return {name, values.shape(), {part}, values.storage()};
}

// SPAN is trained with a 1 x 1, a 3 x 3 and a 1 x 1 convolution behind one another, beside a 1 x 1
// convolution as a shortcut. Nothing lies between them, so all are one 3 x 3 convolution.
ops::Conv2d merged_conv(const checkpoints::ModelWeights& weights, const std::string& name,
                        int64_t outputs, int64_t inputs) {
  const int64_t wide_in = 2 * inputs, wide_out = 2 * outputs;
  const auto get = [&](const char* part, const Shape& shape) {
    return weights::to_float32(weights.get(name + part, shape));
  };
  const Tensor first = get(".conv.0.weight", {wide_in, inputs, 1, 1});
  const Tensor first_bias = get(".conv.0.bias", {wide_in});
  const Tensor middle = get(".conv.1.weight", {wide_out, wide_in, 3, 3});
  const Tensor middle_bias = get(".conv.1.bias", {wide_out});
  const Tensor last = get(".conv.2.weight", {outputs, wide_out, 1, 1});
  const Tensor last_bias = get(".conv.2.bias", {outputs});
  const Tensor shortcut = get(".sk.weight", {outputs, inputs, 1, 1});
  const Tensor shortcut_bias = get(".sk.bias", {outputs});

  constexpr int64_t kTaps = 9, kCentre = 4;
  // The last two: [outputs, wide_in, taps], and their bias where the first gives its own.
  std::vector<double> tail(static_cast<size_t>(outputs * wide_in * kTaps), 0.0);
  Tensor weight({outputs, inputs, 3, 3}), bias({outputs});
  for (int64_t o = 0; o < outputs; ++o) {
    double constant = double{last_bias.data()[o]} + shortcut_bias.data()[o];
    for (int64_t m = 0; m < wide_out; ++m) {
      const double factor = last.data()[o * wide_out + m];
      constant += factor * middle_bias.data()[m];
      for (int64_t k = 0; k < wide_in * kTaps; ++k) {
        const double value = factor * middle.data()[m * wide_in * kTaps + k];
        tail[static_cast<size_t>(o * wide_in * kTaps + k)] += value;
        constant += value * first_bias.data()[k / kTaps];
      }
    }
    bias.data()[o] = static_cast<float>(constant);
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t tap = 0; tap < kTaps; ++tap) {
        double sum = tap == kCentre ? double{shortcut.data()[o * inputs + i]} : 0.0;
        for (int64_t k = 0; k < wide_in; ++k) {
          sum += tail[static_cast<size_t>((o * wide_in + k) * kTaps + tap)] *
                 first.data()[k * inputs + i];
        }
        weight.data()[(o * inputs + i) * kTaps + tap] = static_cast<float>(sum);
      }
    }
  }
  ops::Conv2d conv;
  conv.weight = weight_of(name + " (merged weight)", weight);
  conv.bias = weight_of(name + " (merged bias)", bias);
  return conv;
}

}  // namespace

SpanUpscaler::SpanUpscaler(const checkpoints::UpscalerSpec& spec,
                           const checkpoints::ModelWeights& weights)
    : spec_(spec) {
  const int64_t features = spec.features;
  conv_1_ = merged_conv(weights, "conv_1", features, spec.channels);
  for (int64_t i = 1; i <= checkpoints::kSpanBlocks; ++i) {
    const std::string name = "block_" + std::to_string(i);
    blocks_.push_back({merged_conv(weights, name + ".c1_r", features, features),
                       merged_conv(weights, name + ".c2_r", features, features),
                       merged_conv(weights, name + ".c3_r", features, features)});
  }
  conv_2_ = merged_conv(weights, "conv_2", features, features);
  conv_cat_ = load_pointwise(weights, "conv_cat");
  conv_up_ = load_conv(weights, "upsampler.0");
}

Tensor SpanUpscaler::run(const Tensor& picture, ops::Backend& backend,
                         const CancelToken& cancel) const {
  Tensor colours = picture.clone();
  if (spec_.is_centred) {
    const auto channels = static_cast<size_t>(spec_.channels);
    for (size_t i = 0; i < colours.values().size(); ++i) {
      float& value = colours.values()[i];
      value = (value - kMeanColour[i % channels]) * kColourRange;
    }
  }
  const ops::Activation features = backend.conv2d(backend.upload(colours), conv_1_);
  ops::Activation x = features, first, last_inner;
  for (const Block& block : blocks_) {
    cancel.throw_if_cancelled();
    last_inner = backend.silu(backend.conv2d(x, block.conv1));
    const ops::Activation y =
        backend.conv2d(backend.silu(backend.conv2d(last_inner, block.conv2)), block.conv3);
    x = backend.sigmoid_attention(y, x);
    if (first.empty()) first = x;
  }
  x = backend.conv2d(x, conv_2_);
  // The last block counts by what its first convolution and activation give.
  x = backend.linear(backend.join_channels(std::array{features, x, first, last_inner}), conv_cat_);
  return pixel_shuffle(backend.download(backend.conv2d(x, conv_up_)), spec_.scale);
}

}  // namespace zanime::models
