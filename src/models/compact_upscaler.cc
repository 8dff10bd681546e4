#include "models/compact_upscaler.h"

#include <string>

#include "models/conv_layers.h"
#include "models/pixel_shuffle.h"

namespace zanime::models {

CompactUpscaler::CompactUpscaler(const checkpoints::UpscalerSpec& spec,
                                 const checkpoints::ModelWeights& weights)
    : scale_(spec.scale) {
  const auto name = [](int64_t index) { return "body." + std::to_string(index); };
  for (int64_t i = 0; i <= spec.blocks; ++i) {
    layers_.push_back({load_conv(weights, name(2 * i)),
                       weights.get(name(2 * i + 1) + ".weight", {spec.features})});
  }
  conv_last_ = load_conv(weights, name(2 * spec.blocks + 2));
}

Tensor CompactUpscaler::run(const Tensor& picture, ops::Backend& backend,
                            const CancelToken& cancel) const {
  ops::Activation x = backend.upload(picture);
  for (const Layer& layer : layers_) {
    cancel.throw_if_cancelled();
    x = backend.conv2d(x, layer.conv);
    backend.prelu_inplace(x, layer.slopes);
  }
  Tensor larger = pixel_shuffle(backend.download(backend.conv2d(x, conv_last_)), scale_);
  const int64_t channels = larger.dim(3);
  float* value = larger.data();
  for (int64_t row = 0; row < larger.dim(1); ++row) {
    const float* line = picture.data() + row / scale_ * picture.dim(2) * channels;
    for (int64_t column = 0; column < larger.dim(2); ++column) {
      for (int64_t c = 0; c < channels; ++c) *value++ += line[column / scale_ * channels + c];
    }
  }
  return larger;
}

}  // namespace zanime::models
