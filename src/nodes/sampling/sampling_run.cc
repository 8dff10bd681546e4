#include "nodes/sampling/sampling_run.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "nodes/sampling/denoise.h"
#include "nodes/sampling/latent_preview.h"
#include "sampling/ksampler.h"
#include "sampling/noise.h"

namespace zanime::nodes {
namespace {

void check_latent(const Tensor& samples, int64_t channels) {
  if (samples.rank() == 4 && samples.dim(1) == channels) return;
  throw Error(ErrorKind::kGraph,
              "the latent has shape " + samples.shape().to_string() +
                  " and this diffusion model takes [batch, " + std::to_string(channels) +
                  ", height, width]; make it with EmptyLatentImage, or with VAEEncode and the "
                  "autoencoder that belongs to the model (ae.safetensors)");
}

}  // namespace

Tensor noise_for(const Latent& latent, const Noise& noise) {
  const Shape& shape = latent.samples.shape();
  if (noise.zero) return Tensor::zeros(shape);
  const std::vector<int64_t>& indices = latent.batch_index;
  if (indices.empty()) return sampling::normal_noise(shape, noise.seed);
  if (static_cast<int64_t>(indices.size()) != shape[0] ||
      std::any_of(indices.begin(), indices.end(), [](int64_t index) { return index < 0; })) {
    throw Error(ErrorKind::kGraph, "the latent holds " + std::to_string(shape[0]) +
                                       " pictures and places in a batch for " +
                                       std::to_string(indices.size()) +
                                       "; take them from one batch with LatentFromBatch");
  }
  return sampling::indexed_noise(shape, noise.seed, indices);
}

SamplingResult run_sampling(const SamplingRun& run, NodeContext& context) {
  const Model& model = run.guider.model;

  sampling::SampleRequest request;
  request.sampler = run.sampler.name;
  request.walk = run.sampler.walk;
  request.noise_scale = model.noise_scale;
  request.sigmas = run.sigmas;
  request.format.channels = model.network->config().latent_channels;
  Latent latent = run.latent;
  latent.samples = sampling::fix_empty_latent(latent.samples, request.format);
  check_latent(latent.samples, request.format.channels);
  request.latent = latent.samples;
  request.noise = noise_for(latent, run.noise);
  request.noise_mask = latent.noise_mask;
  request.seed = run.noise.seed;
  Tensor last_denoised;
  request.on_step = [&](const sampling::SamplerStep& step) {
    context.cancel.throw_if_cancelled();
    last_denoised = step.denoised.clone();
    if (context.show_preview) {
      Tensor pixels = preview_pixels(step.denoised, request.format, context.preview_vae,
                                     context.backend, context.cancel);
      if (!pixels.empty()) {
        context.show_preview(step.index + 1, step.total, std::move(pixels));
      }
    }
    context.report_step(step.index + 1, step.total);
  };

  const GuidedRun guided =
      guided_run(run.guider, latent.samples.shape(), context.backend, context.cancel);
  request.mask_rule = guided.mask;
  SamplingResult result{latent, latent};
  result.output.samples = sampling::sample(guided.guide, flow_of(model), request);
  for (const auto& summary : guided.summaries) {
    context.pictures.show_text(context.node_id, summary());
  }
  result.denoised.samples =
      last_denoised.empty() ? result.output.samples : request.format.from_model(last_denoised);
  return result;
}

}  // namespace zanime::nodes
