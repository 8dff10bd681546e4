// Sampling taken apart: SamplerCustom, SamplerCustomAdvanced, and what is plugged into them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nodes/core_nodes.h"
#include "nodes/sampling/denoise.h"
#include "nodes/sampling/sampling_run.h"
#include "sampling/ksampler.h"
#include "sampling/samplers.h"
#include "sampling/schedules.h"
#include "sampling/weighted_sum.h"

namespace zanime::nodes {
namespace {

std::vector<Value> both(SamplingResult result) {
  return {std::move(result.output), std::move(result.denoised)};
}

std::vector<Value> run_sampler_custom(const Arguments& arguments, NodeContext& context) {
  return both(run_sampling(
      {.guider = {.kind = Guider::Kind::kCfg,
                  .model = arguments.get<Model>("model"),
                  .positive = arguments.get<Conditioning>("positive"),
                  .negative = arguments.get<Conditioning>("negative"),
                  .cfg = arguments.real("cfg")},
       .sampler = arguments.get<Sampler>("sampler"),
       .sigmas = arguments.get<Sigmas>("sigmas").values,
       .noise = {.seed = arguments.seed("noise_seed"), .zero = !arguments.get<bool>("add_noise")},
       .latent = arguments.get<Latent>("latent_image")},
      context));
}

std::vector<Value> run_sampler_custom_advanced(const Arguments& arguments, NodeContext& context) {
  return both(run_sampling({.guider = arguments.get<Guider>("guider"),
                            .sampler = arguments.get<Sampler>("sampler"),
                            .sigmas = arguments.get<Sigmas>("sigmas").values,
                            .noise = arguments.get<Noise>("noise"),
                            .latent = arguments.get<Latent>("latent_image")},
                           context));
}

std::vector<Value> basic_guider(const Arguments& arguments, NodeContext&) {
  return {Guider{.kind = Guider::Kind::kBasic,
                 .model = arguments.get<Model>("model"),
                 .positive = arguments.get<Conditioning>("conditioning")}};
}

std::vector<Value> cfg_guider(const Arguments& arguments, NodeContext&) {
  return {Guider{.kind = Guider::Kind::kCfg,
                 .model = arguments.get<Model>("model"),
                 .positive = arguments.get<Conditioning>("positive"),
                 .negative = arguments.get<Conditioning>("negative"),
                 .cfg = arguments.real("cfg")}};
}

std::vector<Value> dual_cfg_guider(const Arguments& arguments, NodeContext&) {
  return {Guider{.kind = arguments.text("style") == "nested" ? Guider::Kind::kDualNested
                                                             : Guider::Kind::kDualRegular,
                 .model = arguments.get<Model>("model"),
                 .positive = arguments.get<Conditioning>("cond1"),
                 .middle = arguments.get<Conditioning>("cond2"),
                 .negative = arguments.get<Conditioning>("negative"),
                 .cfg = arguments.real("cfg_conds"),
                 .cfg_middle = arguments.real("cfg_cond2_negative")}};
}

// Unlike KSampler's, this schedule is the same for every sampler.
std::vector<Value> basic_schedule(const Arguments& arguments, NodeContext&) {
  return {Sigmas{sampling::make_sigmas(
      arguments.text("scheduler"), flow_of(arguments.get<Model>("model")),
      static_cast<int>(arguments.integer("steps")), arguments.real("denoise"))}};
}

std::vector<Value> split_sigmas(const Arguments& arguments, NodeContext&) {
  const std::vector<float>& all = arguments.get<Sigmas>("sigmas").values;
  const auto count = static_cast<int64_t>(all.size());
  const int64_t step = arguments.integer("step");
  const auto first = all.begin();
  // The sigma at the split belongs to both halves.
  return {Sigmas{{first, first + std::min(step + 1, count)}},
          Sigmas{{first + std::min(step, count), all.end()}}};
}

// The latent as it is at the first noise level, or at the difference of the first and the last.
std::vector<Value> add_noise(const Arguments& arguments, NodeContext&) {
  const std::vector<float>& sigmas = arguments.get<Sigmas>("sigmas").values;
  Latent latent = arguments.get<Latent>("latent_image");
  if (sigmas.empty()) return {latent};
  const Model& model = arguments.get<Model>("model");
  const Tensor noise = noise_for(latent, arguments.get<Noise>("noise"));
  const sampling::LatentFormat format{.channels = model.network->config().latent_channels};
  const float sigma = sigmas.size() > 1 ? std::abs(sigmas.front() - sigmas.back()) : sigmas.front();
  const bool is_empty = std::all_of(latent.samples.values().begin(), latent.samples.values().end(),
                                    [](float value) { return value == 0.0f; });
  const Tensor picture = is_empty ? latent.samples : format.to_model(latent.samples);
  latent.samples = format.from_model(
      sampling::weighted_sum({{sigma * model.noise_scale, noise}, {1.0 - sigma, picture}}));
  return {latent};
}

InputSpec noise_seed_input() {
  return integer("noise_seed", 0, 0, std::numeric_limits<uint64_t>::max())
      .tip("The same seed gives the same noise.");
}

InputSpec plain_cfg_input(const char* name = "cfg") { return real(name, 8.0, 0.0, 100.0, 0.1); }

const std::vector<OutputSpec> kSamplingOutputs{{"LATENT", "output"}, {"LATENT", "denoised_output"}};

void add_samplers(NodeTypes& types) {
  types.push_back({
      .class_name = "SamplerCustom",
      .display_name = "SamplerCustom",
      .category = "model/sampling/custom",
      .description = "KSampler with the sampler and the noise levels as inputs.",
      .inputs = {link("model", "MODEL"), boolean("add_noise", true), noise_seed_input(),
                 plain_cfg_input(), link("positive", "CONDITIONING"),
                 link("negative", "CONDITIONING"), link("sampler", "SAMPLER"),
                 link("sigmas", "SIGMAS"), link("latent_image", "LATENT")},
      .outputs = kSamplingOutputs,
      .is_core = false,
      .run = run_sampler_custom,
  });
  types.push_back({
      .class_name = "SamplerCustomAdvanced",
      .display_name = "SamplerCustomAdvanced",
      .category = "model/sampling/custom",
      .description = "KSampler with everything it does as inputs.",
      .inputs = {link("noise", "NOISE"), link("guider", "GUIDER"), link("sampler", "SAMPLER"),
                 link("sigmas", "SIGMAS"), link("latent_image", "LATENT")},
      .outputs = kSamplingOutputs,
      .is_core = false,
      .run = run_sampler_custom_advanced,
  });
}

void add_noises(NodeTypes& types) {
  types.push_back({
      .class_name = "RandomNoise",
      .display_name = "RandomNoise",
      .category = "model/sampling/noise",
      .description = "Noise that follows from a seed.",
      .inputs = {noise_seed_input()},
      .outputs = {{"NOISE", "NOISE"}},
      .is_core = false,
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {Noise{.seed = arguments.seed("noise_seed")}};
      },
  });
  types.push_back({
      .class_name = "DisableNoise",
      .display_name = "DisableNoise",
      .category = "model/sampling/noise",
      .description = "No noise: for a latent that has it already.",
      .outputs = {{"NOISE", "NOISE"}},
      .is_core = false,
      .run = [](const Arguments&, NodeContext&) -> std::vector<Value> {
        return {Noise{.zero = true}};
      },
  });
}

void add_noise_to_latents(NodeTypes& types) {
  types.push_back({
      .class_name = "AddNoise",
      .display_name = "AddNoise",
      .category = "model/sampling/noise",
      .description = "Adds noise to a latent, as much as a sampler would start from.",
      .inputs = {link("model", "MODEL"), link("noise", "NOISE"), link("sigmas", "SIGMAS"),
                 link("latent_image", "LATENT")},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = add_noise,
  });
}

void add_guiders(NodeTypes& types) {
  types.push_back({
      .class_name = "BasicGuider",
      .display_name = "Basic Guider",
      .category = "model/sampling/guiders",
      .description = "Follows one prompt, without a negative one.",
      .inputs = {link("model", "MODEL"), link("conditioning", "CONDITIONING")},
      .outputs = {{"GUIDER", "GUIDER"}},
      .is_core = false,
      .run = basic_guider,
  });
  types.push_back({
      .class_name = "CFGGuider",
      .display_name = "CFG Guider",
      .category = "model/sampling/guiders",
      .description = "Leads away from the negative prompt, towards the positive one.",
      .inputs = {link("model", "MODEL"), link("positive", "CONDITIONING"),
                 link("negative", "CONDITIONING"), plain_cfg_input()},
      .outputs = {{"GUIDER", "GUIDER"}},
      .is_core = false,
      .run = cfg_guider,
  });
  types.push_back({
      .class_name = "DualCFGGuider",
      .display_name = "Dual CFG Guider",
      .category = "model/sampling/guiders",
      .description = "Leads from the negative prompt to a second one, and from that to a first.",
      .inputs =
          {link("model", "MODEL"), link("cond1", "CONDITIONING"), link("cond2", "CONDITIONING"),
           link("negative", "CONDITIONING"),
           plain_cfg_input("cfg_conds").tip("From cond2 to cond1."),
           plain_cfg_input("cfg_cond2_negative").tip("From negative to cond2."),
           choice("style", {"regular", "nested"}).tip("Nested scales the way to cond1 by both.")},
      .outputs = {{"GUIDER", "GUIDER"}},
      .is_core = false,
      .run = dual_cfg_guider,
  });
}

void add_schedules(NodeTypes& types) {
  types.push_back({
      .class_name = "KSamplerSelect",
      .display_name = "KSamplerSelect",
      .category = "model/sampling/samplers",
      .description = "A sampler by its name.",
      .inputs = {choice("sampler_name", sampling::sampler_names())},
      .outputs = {{"SAMPLER", "SAMPLER"}},
      .is_core = false,
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {Sampler{arguments.text("sampler_name")}};
      },
  });
  types.push_back({
      .class_name = "BasicScheduler",
      .display_name = "BasicScheduler",
      .category = "model/sampling/schedulers",
      .description = "The noise levels that KSampler would use.",
      .inputs = {link("model", "MODEL"), choice("scheduler", sampling::scheduler_names()),
                 integer("steps", 20, 1, 10000), real("denoise", 1.0, 0.0, 1.0, 0.01)},
      .outputs = {{"SIGMAS", "SIGMAS"}},
      .is_core = false,
      .run = basic_schedule,
  });
  types.push_back({
      .class_name = "SplitSigmas",
      .display_name = "SplitSigmas",
      .category = "model/sampling/sigmas",
      .description = "Noise levels for two samplers, one after the other.",
      .inputs = {link("sigmas", "SIGMAS"),
                 integer("step", 0, 0, 10000).tip("Steps of the first sampler.")},
      .outputs = {{"SIGMAS", "high_sigmas"}, {"SIGMAS", "low_sigmas"}},
      .is_core = false,
      .run = split_sigmas,
  });
}

}  // namespace

void add_custom_sampling_nodes(NodeTypes& types) {
  add_samplers(types);
  add_noises(types);
  add_noise_to_latents(types);
  add_guiders(types);
  add_schedules(types);
}

}  // namespace zanime::nodes
