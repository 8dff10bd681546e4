#include "pictures/composite.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/parallel.h"
#include "pictures/axes.h"
#include "pictures/resample.h"

namespace zanime::pictures {

Tensor composite_planes(const Tensor& destination, const Tensor& source, int64_t left, int64_t top,
                        const Tensor& mask) {
  const int64_t batch = destination.dim(0), channels = destination.dim(1);
  if (source.dim(1) != channels) {
    throw Error(ErrorKind::kGraph, "a source of " + std::to_string(source.dim(1)) +
                                       " channels cannot lie on a destination of " +
                                       std::to_string(channels));
  }
  Tensor out = destination.clone();
  const int64_t height = std::min(source.dim(2), destination.dim(2) - top);
  const int64_t width = std::min(source.dim(3), destination.dim(3) - left);
  if (height <= 0 || width <= 0) return out;

  Tensor weights;
  if (!mask.empty()) {
    const Tensor planes = mask.reshaped({mask.dim(0), int64_t{1}, mask.dim(1), mask.dim(2)});
    weights = resize_planes(planes, source.dim(2), source.dim(3), ResizeMethod::kBilinear);
  }
  parallel_for(batch * channels * height, [&](int64_t line) {
    const int64_t y = line % height, plane = line / height;
    const int64_t picture = plane / channels, channel = plane % channels;
    const int64_t source_plane = picture % source.dim(0) * channels + channel;
    const float* over = source.data() + (source_plane * source.dim(2) + y) * source.dim(3);
    float* under = out.data() + (plane * destination.dim(2) + top + y) * destination.dim(3) + left;
    if (weights.empty()) {
      std::copy_n(over, width, under);
      return;
    }
    const float* weight =
        weights.data() + (picture % weights.dim(0) * source.dim(2) + y) * source.dim(3);
    for (int64_t x = 0; x < width; ++x) {
      under[x] = weight[x] * over[x] + (1 - weight[x]) * under[x];
    }
  });
  return out;
}

}  // namespace zanime::pictures
