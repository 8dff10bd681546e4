#include "nodes/sampling/latent_preview.h"

#include <algorithm>
#include <array>

#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

constexpr int64_t kChannels = 16;
constexpr int64_t kColours = 3;

// How much each channel adds to red, green and blue, from -1 to 1. The fit that ComfyUI publishes
// for FLUX.1's latents (comfy/latent_formats.py, `Flux.latent_rgb_factors` and `…_bias`).
constexpr std::array<std::array<float, kColours>, kChannels> kFactors{{
    {-0.0346f, 0.0244f, 0.0681f},
    {0.0034f, 0.0210f, 0.0687f},
    {0.0275f, -0.0668f, -0.0433f},
    {-0.0174f, 0.0160f, 0.0617f},
    {0.0859f, 0.0721f, 0.0329f},
    {0.0004f, 0.0383f, 0.0115f},
    {0.0405f, 0.0861f, 0.0915f},
    {-0.0236f, -0.0185f, -0.0259f},
    {-0.0245f, 0.0250f, 0.1180f},
    {0.1008f, 0.0755f, -0.0421f},
    {-0.0515f, 0.0201f, 0.0011f},
    {0.0428f, -0.0012f, -0.0036f},
    {0.0817f, 0.0765f, 0.0749f},
    {-0.1264f, -0.0522f, -0.1103f},
    {-0.0280f, -0.0881f, -0.0499f},
    {-0.1262f, -0.0982f, -0.0778f},
}};
constexpr std::array<float, kColours> kBias{-0.0329f, -0.0718f, -0.0851f};

// Latent values along the longer side of what is decoded: no preview need be larger than 512
// pixels.
constexpr int64_t kLargestSide = 64;

// Shrunk to kLargestSide where it is larger.
Tensor small(const Tensor& latent) {
  const int64_t height = latent.dim(2), width = latent.dim(3);
  const int64_t side = std::max(height, width);
  if (side <= kLargestSide) return latent;
  return pictures::resize_planes(latent, std::max<int64_t>(1, height * kLargestSide / side),
                                 std::max<int64_t>(1, width * kLargestSide / side),
                                 pictures::ResizeMethod::kArea);
}

}  // namespace

Tensor preview_pixels(const Tensor& latent, const sampling::LatentFormat& format, const Vae* vae,
                      ops::Backend& backend, const CancelToken& cancel) {
  if (vae != nullptr && vae->decoder->latent_channels() == format.channels &&
      vae->decoder->latent_space() != models::LatentSpace::kFlux) {
    return vae->decoder->decode(format.from_model(small(latent)), backend, cancel);
  }
  return format.channels == kChannels ? linear_preview(latent) : Tensor();
}

Tensor linear_preview(const Tensor& latent) {
  const int64_t batch = latent.dim(0), height = latent.dim(2), width = latent.dim(3);
  const int64_t plane = height * width;
  Tensor pixels(Shape{batch, height, width, kColours});
  for (int64_t b = 0; b < batch; ++b) {
    const float* planes = latent.data() + b * kChannels * plane;
    float* out = pixels.data() + b * plane * kColours;
    for (int64_t i = 0; i < plane; ++i) {
      std::array<float, kColours> colour = kBias;
      for (size_t channel = 0; channel < kFactors.size(); ++channel) {
        const float value = planes[static_cast<int64_t>(channel) * plane + i];
        for (size_t c = 0; c < colour.size(); ++c) colour[c] += kFactors[channel][c] * value;
      }
      for (const float value : colour) *out++ = std::clamp((value + 1.0f) / 2.0f, 0.0f, 1.0f);
    }
  }
  return pixels;
}

}  // namespace zanime::nodes
