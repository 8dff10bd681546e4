#include "sampling/noise_mask.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"

namespace zanime::sampling {
namespace {

// Where a cell of the resized axis takes its value from: between `low` and `high`.
struct Between {
  int64_t low = 0;
  int64_t high = 0;
  float weight = 0.0f;  // of `high`
};

std::vector<Between> interpolation(int64_t from, int64_t to) {
  std::vector<Between> cells(static_cast<size_t>(to));
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  for (int64_t i = 0; i < to; ++i) {
    const float centre = (static_cast<float>(i) + 0.5f) * scale - 0.5f;
    const float position = std::max(centre, 0.0f);
    const int64_t low = std::min(static_cast<int64_t>(position), from - 1);
    cells[static_cast<size_t>(i)] = {low, std::min(low + 1, from - 1),
                                     position - static_cast<float>(low)};
  }
  return cells;
}

// inside where the mask is 1, outside where it is 0. The mask is the same for all channels.
Tensor blend(const Tensor& inside, const Tensor& outside, const Tensor& mask) {
  const int64_t channels = inside.dim(1);
  const int64_t area = inside.dim(2) * inside.dim(3);
  Tensor out(inside.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    const float share = mask.data()[i / (channels * area) * area + i % area];
    out.data()[i] = inside.data()[i] * share + outside.data()[i] * (1.0f - share);
  }
  return out;
}

}  // namespace

Tensor fit_mask(const Tensor& mask, const Shape& latent) {
  if (mask.rank() != 3 || mask.size() == 0) {
    throw Error(ErrorKind::kUsage, "the noise mask has shape " + mask.shape().to_string() +
                                       "; it must be [batch, height, width]");
  }
  const int64_t batch = latent[0], height = latent[2], width = latent[3];
  const std::vector<Between> rows = interpolation(mask.dim(1), height);
  const std::vector<Between> columns = interpolation(mask.dim(2), width);
  Tensor out({batch, height, width});
  float* cell = out.data();
  for (int64_t b = 0; b < batch; ++b) {
    const float* source = mask.data() + b % mask.dim(0) * mask.dim(1) * mask.dim(2);
    for (const Between& row : rows) {
      const float* upper = source + row.low * mask.dim(2);
      const float* lower = source + row.high * mask.dim(2);
      for (const Between& column : columns) {
        const auto along = [&](const float* line) {
          return (1.0f - column.weight) * line[column.low] + column.weight * line[column.high];
        };
        *cell++ = (1.0f - row.weight) * along(upper) + row.weight * along(lower);
      }
    }
  }
  return out;
}

MaskRule differential_mask(const FlowSchedule& flow, double strength) {
  return [smallest = flow.sigma_min(), strength = static_cast<float>(strength)](
             const Tensor& mask, float sigma, const std::vector<float>& sigmas) {
    const float end = std::max(sigmas.back(), smallest);
    const float left = (sigma - end) / (sigmas.front() - end);
    const float own = strength > 0.0f && strength < 1.0f ? strength : 1.0f;
    Tensor out(mask.shape());
    for (int64_t i = 0; i < out.size(); ++i) {
      const float value = mask.data()[i];
      out.data()[i] = own * (value >= left ? 1.0f : 0.0f) + (1.0f - own) * value;
    }
    return out;
  };
}

Guide inpaint_guide(Guide guide, Tensor whole, Tensor latent, Tensor noise, MaskRule rule,
                    std::vector<float> sigmas) {
  return [guide = std::move(guide), whole = std::move(whole), latent = std::move(latent),
          noise = std::move(noise), rule = std::move(rule),
          sigmas = std::move(sigmas)](const Tensor& x, float sigma, bool need_unconditional) {
    const Tensor mask = rule ? rule(whole, sigma, sigmas) : whole;
    Tensor noisy(latent.shape());
    for (int64_t i = 0; i < noisy.size(); ++i) {
      noisy.data()[i] = sigma * noise.data()[i] + (1.0f - sigma) * latent.data()[i];
    }
    Denoised denoised = guide(blend(x, noisy, mask), sigma, need_unconditional);
    denoised.guided = blend(denoised.guided, latent, mask);
    return denoised;
  };
}

}  // namespace zanime::sampling
