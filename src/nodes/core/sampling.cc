// ModelSamplingAuraFlow and KSampler.
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "nodes/core/core_nodes.h"
#include "nodes/denoise.h"
#include "sampling/flow.h"
#include "sampling/ksampler.h"
#include "sampling/noise.h"
#include "sampling/samplers.h"
#include "sampling/schedules.h"

namespace zanime::nodes {
namespace {

std::vector<Value> set_shift(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  model.shift = arguments.real("shift");
  return {std::move(model)};
}

// A cfg of exactly 1 leaves the negative prompt out of guidance; only samplers of the CFG++ kind
// evaluate it all the same.
bool ignores_negative(const std::string& input, const Arguments& plain) {
  return input == "negative" && plain.has("cfg") && plain.real("cfg") == 1.0 &&
         plain.has("sampler_name") &&
         plain.text("sampler_name").find("cfg_pp") == std::string::npos;
}

std::vector<Value> run_ksampler(const Arguments& arguments, NodeContext& context) {
  const Model& model = arguments.get<Model>("model");
  const FlowSchedule flow(model.shift);
  const auto denoise_under = [&](const char* input) {
    return flow_denoise(model.network, arguments.get<Conditioning>(input), context.backend,
                        context.cancel);
  };

  SampleRequest request;
  request.sampler = arguments.text("sampler_name");
  request.format.channels = model.network->config().latent_channels;
  request.latent = fix_empty_latent(arguments.get<Latent>("latent_image").samples, request.format);
  request.seed = arguments.seed("seed");
  request.noise = normal_noise(request.latent.shape(), request.seed);
  request.sigmas =
      make_sigmas(arguments.text("scheduler"), flow, static_cast<int>(arguments.integer("steps")),
                  arguments.real("denoise"), request.sampler);
  request.on_step = [&](const SamplerStep& step) {
    context.cancel.throw_if_cancelled();
    context.report_step(step.index + 1, step.total);
  };
  const Denoise positive = denoise_under("positive");
  const Denoise negative = arguments.has("negative") ? denoise_under("negative") : positive;
  const Guide guide = cfg_guide(positive, negative, static_cast<float>(arguments.real("cfg")));
  return {Latent{sample(guide, flow, request)}};
}

}  // namespace

void add_sampling_nodes(NodeRegistry& registry) {
  registry.add({
      .class_name = "ModelSamplingAuraFlow",
      .display_name = "ModelSamplingAuraFlow",
      .category = "model/patch",
      .description = "Sets how far the noise levels lean towards noise.",
      .inputs = {link("model", "MODEL"), real("shift", 1.73, 0.0, 100.0, 0.01)},
      .outputs = {{"MODEL", "MODEL"}},
      .run = set_shift,
  });
  registry.add({
      .class_name = "KSampler",
      .display_name = "KSampler",
      .category = "model/sampling",
      .description = "Denoises a latent, step by step, towards the positive prompt.",
      .inputs = {link("model", "MODEL").tip("The diffusion model."),
                 integer("seed", 0, 0, std::numeric_limits<uint64_t>::max())
                     .tip("The same seed gives the same noise."),
                 integer("steps", 20, 1, 10000).tip("More steps are slower and finer."),
                 real("cfg", 8.0, 0.0, 100.0, 0.1)
                     .tip("How strongly to follow the prompt; 1 ignores the negative prompt and "
                          "halves the work."),
                 choice("sampler_name", sampler_names()).tip("The way from noise to picture."),
                 choice("scheduler", scheduler_names()).tip("How the noise levels are spaced."),
                 link("positive", "CONDITIONING").tip("What the picture should show."),
                 link("negative", "CONDITIONING").tip("What it should not show."),
                 link("latent_image", "LATENT").tip("Where to start."),
                 real("denoise", 1.0, 0.0, 1.0, 0.01)
                     .tip("How much of the start is replaced; below 1 its composition stays.")},
      .outputs = {{"LATENT", "LATENT"}},
      .ignores = ignores_negative,
      .run = run_ksampler,
  });
}

}  // namespace zanime::nodes
