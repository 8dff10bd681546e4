#include "sampling/ksampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "sampling/noise.h"
#include "sampling/weighted_sum.h"

namespace zanime::sampling {
namespace {

bool all_zero(const Tensor& tensor) {
  return std::all_of(tensor.values().begin(), tensor.values().end(),
                     [](float value) { return value == 0.0f; });
}

void check(const SampleRequest& request) {
  if (request.noise.shape() != request.latent.shape()) {
    throw Error(ErrorKind::kUsage, "the noise has shape " + request.noise.shape().to_string() +
                                       " and the latent " + request.latent.shape().to_string() +
                                       "; they must be equal");
  }
  for (const float sigma : request.sigmas) {
    if (!std::isfinite(sigma) || sigma < 0.0f) {
      throw Error(ErrorKind::kNumeric,
                  "the schedule has a sigma that is negative or not a number; choose another "
                  "scheduler or more steps (kl_optimal needs at least 2)");
    }
  }
  // The result is divided by 1 - sigma.
  if (request.sigmas.back() >= 1.0f) {
    throw Error(ErrorKind::kUsage, "the schedule ends at sigma " +
                                       std::to_string(request.sigmas.back()) +
                                       ", where there is nothing but noise; let it end below 1");
  }
}

// The guide, refusing predictions that are not finite.
Guide checked(const Guide& guide) {
  return [&guide](const Tensor& x, float sigma, bool need_unconditional) {
    Denoised denoised = guide(x, sigma, need_unconditional);
    if (!all_finite(denoised.guided)) {
      throw Error(ErrorKind::kNumeric,
                  "the diffusion model's prediction at sigma " + std::to_string(sigma) +
                      " has values that are not finite; the model file or an adapter is damaged, "
                      "or the latent or a conditioning already was not finite");
    }
    return denoised;
  };
}

Tensor scaled(const Tensor& noise, const SampleRequest& request) {
  return request.noise_scale == 1.0 ? noise : weighted_sum({{request.noise_scale, noise}});
}

// With a noise mask: the guide that repaints only where the mask allows. `latent` is in the model's
// space, `noise` is what the run starts from.
Guide masked(const Guide& guide, const SampleRequest& request, const Tensor& latent,
             const Tensor& noise) {
  if (request.noise_mask.empty()) return guide;
  const Sampler* sampler = find_sampler(request.sampler);
  const Tensor under = sampler != nullptr && sampler->draws_mask_noise
                           ? scaled(normal_noise(noise.shape(), request.seed + 1), request)
                           : noise;
  return inpaint_guide(guide, fit_mask(request.noise_mask, latent.shape()), latent, under,
                       request.mask_rule, request.sigmas);
}

}  // namespace

Tensor LatentFormat::to_model(const Tensor& raw) const {
  Tensor out(raw.shape());
  std::transform(raw.values().begin(), raw.values().end(), out.data(),
                 [this](float value) { return (value - shift) * scale; });
  return out;
}

Tensor LatentFormat::from_model(const Tensor& model) const {
  Tensor out(model.shape());
  std::transform(model.values().begin(), model.values().end(), out.data(),
                 [this](float value) { return value / scale + shift; });
  return out;
}

Tensor fix_empty_latent(const Tensor& latent, const LatentFormat& format) {
  if (latent.rank() != 4 || latent.dim(1) == format.channels || !all_zero(latent)) return latent;
  return Tensor::zeros({latent.dim(0), format.channels, latent.dim(2), latent.dim(3)});
}

Tensor sample(const Guide& guide, const FlowSchedule& flow, const SampleRequest& request) {
  if (request.sigmas.empty()) return request.latent;
  check(request);

  const Tensor latent =
      all_zero(request.latent) ? request.latent : request.format.to_model(request.latent);
  const double first = request.sigmas.front();
  const double last = request.sigmas.back();
  // A flow's noisy latent at the first sigma.
  const Tensor noise = scaled(request.noise, request);
  Tensor x = weighted_sum({{first, noise}, {1.0 - first, latent}});
  const Guide whole = checked(guide);
  const SamplerContext context{.guide = masked(whole, request, latent, noise),
                               .sigmas = request.sigmas,
                               .flow = flow,
                               .seed = request.seed,
                               .noise_scale = request.noise_scale,
                               .on_step = request.on_step};
  if (request.sigmas.size() > 1) {
    x = request.walk ? request.walk(context, std::move(x))
                     : run_sampler(request.sampler, context, std::move(x));
  }
  // Where noise is left over, the next sampler mixes latent and noise anew: undo the latent's
  // part of the mix.
  if (last != 0.0) x = weighted_sum({{1.0 / (1.0 - last), x}});
  return request.format.from_model(x);
}

std::vector<float> sigma_window(std::vector<float> sigmas, int start, int end, bool finish) {
  const int last = static_cast<int>(sigmas.size()) - 1;
  if (end < last) {
    sigmas.resize(static_cast<size_t>(std::max(end, 0)) + 1);
    if (finish) sigmas.back() = 0.0f;
  }
  if (start >= static_cast<int>(sigmas.size()) - 1) return {};
  sigmas.erase(sigmas.begin(), sigmas.begin() + std::max(start, 0));
  return sigmas;
}

}  // namespace zanime::sampling
