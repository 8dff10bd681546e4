#include "models/upscaler.h"

#include <algorithm>

#include "models/compact_upscaler.h"
#include "models/esrgan.h"
#include "models/pixel_shuffle.h"
#include "models/span_upscaler.h"

namespace zanime::models {
namespace {

using checkpoints::UpscalerKind;
using checkpoints::UpscalerSpec;

std::shared_ptr<const UpscalerNetwork> make_network(const UpscalerSpec& spec,
                                                    const checkpoints::ModelWeights& weights) {
  switch (spec.kind) {
    case UpscalerKind::kEsrgan:
      return std::make_shared<const Esrgan>(spec, weights);
    case UpscalerKind::kCompact:
      return std::make_shared<const CompactUpscaler>(spec, weights);
    case UpscalerKind::kSpan:
      return std::make_shared<const SpanUpscaler>(spec, weights);
  }
  return nullptr;
}

// The least side of a picture that ESRGAN takes, and what its sides are multiples of, as in
// spandrel, which the reference opens these models with.
int64_t padded_side(int64_t side, const UpscalerSpec& spec) {
  if (spec.kind != UpscalerKind::kEsrgan) return side;
  const int64_t multiple = spec.fold > 1 ? 4 : 1;
  return (std::max<int64_t>(side, 2) + multiple - 1) / multiple * multiple;
}

Tensor cropped(const Tensor& picture, int64_t height, int64_t width) {
  if (picture.dim(1) == height && picture.dim(2) == width) return picture;
  const int64_t channels = picture.dim(3);
  Tensor out({int64_t{1}, height, width, channels});
  for (int64_t row = 0; row < height; ++row) {
    std::copy_n(picture.data() + row * picture.dim(2) * channels, width * channels,
                out.data() + row * width * channels);
  }
  return out;
}

}  // namespace

Upscaler::Upscaler(const checkpoints::ModelWeights& weights)
    : spec_(checkpoints::stored_upscaler_spec(weights)), network_(make_network(spec_, weights)) {}

Tensor Upscaler::upscale(const Tensor& picture, ops::Backend& backend,
                         const CancelToken& cancel) const {
  const int64_t height = picture.dim(1), width = picture.dim(2);
  const Tensor padded =
      mirrored_to_size(picture, padded_side(height, spec_), padded_side(width, spec_));
  Tensor larger =
      cropped(network_->run(padded, backend, cancel), spec_.scale * height, spec_.scale * width);
  for (float& value : larger.values()) {
    // Written so that NaN passes through: a picture that is not finite must be noticed, not black.
    value = value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
  }
  return larger;
}

}  // namespace zanime::models
