#include "nodes/pictures/inpaint_mask.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "nodes/vae_picture.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

Tensor rounded(const Tensor& mask) {
  Tensor out(mask.shape());
  std::transform(mask.data(), mask.data() + mask.size(), out.data(),
                 [](float value) { return std::nearbyint(value); });
  return out;
}

// out[i] = the highest of in[i - before … i + after], `stride` apart, ends cut off.
void spread(const float* in, float* out, int64_t size, int64_t stride, int64_t before,
            int64_t after) {
  for (int64_t i = 0; i < size; ++i) {
    float highest = 0.0f;
    const int64_t end = std::min(i + after, size - 1);
    for (int64_t k = std::max<int64_t>(i - before, 0); k <= end; ++k) {
      highest = std::max(highest, in[k * stride]);
    }
    out[i * stride] = highest;
  }
}

}  // namespace

Tensor mask_for_pixels(const Tensor& mask, const Tensor& pixels) {
  const Tensor planes = mask.reshaped({mask.dim(0), int64_t{1}, mask.dim(1), mask.dim(2)});
  const Tensor resized = pictures::resize_planes(planes, pixels.dim(1), pixels.dim(2),
                                                 pictures::ResizeMethod::kBilinear);
  const Tensor cut = crop_to_latent_size(
      resized.reshaped({mask.dim(0), pixels.dim(1), pixels.dim(2), int64_t{1}}));
  return cut.reshaped({cut.dim(0), cut.dim(1), cut.dim(2)});
}

Tensor grey_where_masked(const Tensor& pixels, const Tensor& mask) {
  const int64_t batch = pixels.dim(0), plane = mask.dim(1) * mask.dim(2);
  if (mask.dim(0) != 1 && mask.dim(0) != batch) {
    throw Error(ErrorKind::kGraph, "there are " + std::to_string(mask.dim(0)) + " masks for " +
                                       std::to_string(batch) +
                                       " pictures; give one mask, or one for each picture");
  }
  const Tensor covered = rounded(mask);
  Tensor out(pixels.shape());
  for (int64_t i = 0; i < batch * plane; ++i) {
    const float kept = 1.0f - covered.data()[mask.dim(0) == 1 ? i % plane : i];
    for (int64_t c = 3 * i; c < 3 * i + 3; ++c) {
      out.data()[c] = (pixels.data()[c] - 0.5f) * kept + 0.5f;
    }
  }
  return out;
}

Tensor grow_mask(const Tensor& mask, int64_t by) {
  Tensor covered = rounded(mask);
  if (by <= 1) return covered;
  const int64_t height = mask.dim(1), width = mask.dim(2);
  // A pixel looks `by / 2` back, so that a 1 reaches as far forward.
  const int64_t before = by / 2, after = by - 1 - before;
  Tensor wide(mask.shape()), out(mask.shape());
  for (int64_t row = 0; row < mask.dim(0) * height; ++row) {
    spread(covered.data() + row * width, wide.data() + row * width, width, 1, before, after);
  }
  for (int64_t i = 0; i < mask.dim(0); ++i) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t column = i * height * width + x;
      spread(wide.data() + column, out.data() + column, height, width, before, after);
    }
  }
  return out;
}

}  // namespace zanime::nodes
