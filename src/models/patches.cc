#include "models/patches.h"

namespace zanime::models {

Tensor patchify(const Tensor& latent, int64_t patch, int64_t rows, int64_t columns) {
  const int64_t batch = latent.dim(0), channels = latent.dim(1);
  const int64_t height = latent.dim(2), width = latent.dim(3);
  Tensor patches({batch, rows * columns, patch * patch * channels});
  float* out = patches.data();
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t token = 0; token < rows * columns; ++token) {
      for (int64_t inner = 0; inner < patch * patch; ++inner) {
        const int64_t y = (token / columns * patch + inner / patch) % height;
        const int64_t x = (token % columns * patch + inner % patch) % width;
        for (int64_t c = 0; c < channels; ++c) {
          *out++ = latent.data()[((b * channels + c) * height + y) * width + x];
        }
      }
    }
  }
  return patches;
}

Tensor unpatchify_negated(const Tensor& patches, const Shape& latent_shape, int64_t patch,
                          int64_t first, int64_t columns) {
  const int64_t tokens = patches.dim(1);
  const int64_t batch = latent_shape[0], channels = latent_shape[1];
  const int64_t height = latent_shape[2], width = latent_shape[3];
  Tensor latent(latent_shape);
  float* out = latent.data();
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          const int64_t token = first + y / patch * columns + x / patch;
          const int64_t inner = y % patch * patch + x % patch;
          *out++ = -patches.data()[((b * tokens + token) * patch * patch + inner) * channels + c];
        }
      }
    }
  }
  return latent;
}

}  // namespace zanime::models
