#include "models/esrgan.h"

#include <algorithm>
#include <array>
#include <string>

#include "models/conv_layers.h"
#include "models/pixel_shuffle.h"

namespace zanime::models {
namespace {

constexpr float kSlope = 0.2f;          // of every leaky rectifier
constexpr float kResidualScale = 0.2f;  // of what a block adds
// Rows of features that a pixel behind the doublings sees above and below it: each convolution
// reaches one row of its own size.
constexpr int64_t kHaloRows = 4;
// Values of the finest activation that are computed at once.
constexpr int64_t kBandValues = int64_t{1} << 24;

ops::Activation copied(const ops::Activation& x, ops::Backend& backend) {
  return backend.join_channels(std::array{x});
}

ops::Activation joined(const ops::Activation& a, const ops::Activation& b, ops::Backend& backend) {
  return backend.join_channels(std::array{a, b});
}

ops::Activation rectified(ops::Activation x, ops::Backend& backend) {
  backend.leaky_relu_inplace(x, kSlope);
  return x;
}

}  // namespace

Esrgan::Esrgan(const checkpoints::UpscalerSpec& spec, const checkpoints::ModelWeights& weights)
    : spec_(spec) {
  conv_first_ = load_conv(weights, "conv_first");
  for (int64_t block = 0; block < spec.blocks; ++block) {
    ResidualBlock& residual = blocks_.emplace_back();
    for (const char* dense_name : {".rdb1", ".rdb2", ".rdb3"}) {
      const std::string name = "body." + std::to_string(block) + dense_name;
      DenseBlock& dense = residual.emplace_back();
      for (const char* conv : {".conv1", ".conv2", ".conv3", ".conv4", ".conv5"}) {
        dense.convs.push_back(load_conv(weights, name + conv));
      }
      if (spec.has_inner_shortcuts) {
        dense.inner_shortcut.emplace();
        dense.inner_shortcut->weight =
            weights.get(name + ".conv1x1.weight", {spec.growth, spec.features, 1, 1});
      }
    }
  }
  conv_body_ = load_conv(weights, "conv_body");
  for (int64_t i = 1; i <= checkpoints::esrgan_doublings(spec); ++i) {
    conv_up_.push_back(load_conv(weights, "conv_up" + std::to_string(i)));
  }
  conv_hr_ = load_conv(weights, "conv_hr");
  conv_last_ = load_conv(weights, "conv_last");
}

ops::Activation Esrgan::run_dense(const DenseBlock& block, const ops::Activation& x,
                                  ops::Backend& backend) const {
  ops::Activation seen = x, second;
  for (size_t i = 0; i + 1 < block.convs.size(); ++i) {
    ops::Activation next = rectified(backend.conv2d(seen, block.convs[i]), backend);
    if (block.inner_shortcut && i == 1) {
      backend.linear_add_inplace(next, x, *block.inner_shortcut);
      second = next;
    } else if (block.inner_shortcut && i == 3) {
      backend.add_inplace(next, second);
    }
    seen = joined(seen, next, backend);
  }
  return backend.conv2d(seen, block.convs.back());
}

ops::Activation Esrgan::enlarge(ops::Activation x, ops::Backend& backend) const {
  for (const ops::Conv2d& conv : conv_up_) {
    x = rectified(backend.upsample_conv2d(x, conv), backend);
  }
  x = rectified(backend.conv2d(x, conv_hr_), backend);
  return backend.conv2d(x, conv_last_);
}

Tensor Esrgan::run(const Tensor& picture, ops::Backend& backend, const CancelToken& cancel) const {
  const Tensor folded = spec_.fold > 1 ? pixel_unshuffle(picture, spec_.fold) : picture;
  ops::Activation features = backend.conv2d(backend.upload(folded), conv_first_);
  ops::Activation x = copied(features, backend);
  for (const ResidualBlock& block : blocks_) {
    ops::Activation inner = copied(x, backend);
    for (const DenseBlock& dense : block) {
      cancel.throw_if_cancelled();
      const ops::Activation change = run_dense(dense, inner, backend);
      backend.add_inplace(inner, change, kResidualScale);
    }
    backend.add_inplace(x, inner, kResidualScale);
  }
  backend.add_inplace(features, backend.conv2d(x, conv_body_));

  // What the doublings make of a whole picture is many times its size: they go over it in bands of
  // rows, with rows around each that are computed and left out.
  const int64_t height = features.dim(1), width = features.dim(2), channels = features.dim(3);
  const int64_t enlarged = int64_t{1} << conv_up_.size();
  const int64_t band =
      std::max<int64_t>(2 * kHaloRows, kBandValues / (enlarged * enlarged * width * channels));
  const ops::Activation rows = features.reshaped({height, width * channels});
  Tensor out({int64_t{1}, enlarged * height, enlarged * width, spec_.channels});
  const int64_t line = enlarged * width * spec_.channels;
  for (int64_t first = 0; first < height; first += band) {
    cancel.throw_if_cancelled();
    const int64_t end = std::min(first + band, height);
    const int64_t above = std::max<int64_t>(first - kHaloRows, 0);
    const int64_t count = std::min(end + kHaloRows, height) - above;
    const Tensor pixels = backend.download(
        enlarge(rows.rows(above, count).reshaped({int64_t{1}, count, width, channels}), backend));
    std::copy_n(pixels.data() + enlarged * (first - above) * line, enlarged * (end - first) * line,
                out.data() + enlarged * first * line);
  }
  return out;
}

}  // namespace zanime::models
