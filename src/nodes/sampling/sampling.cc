// ModelSamplingAuraFlow, ModelSamplingSD3, KSampler and KSamplerAdvanced.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "base/log.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "nodes/sampling/denoise.h"
#include "nodes/sampling/sampling_run.h"
#include "sampling/ksampler.h"
#include "sampling/samplers.h"
#include "sampling/schedules.h"

namespace zanime::nodes {
namespace {

std::vector<Value> set_shift(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  model.shift = arguments.real("shift");
  model.timestep_scale = 1.0;
  model.schedule_entries = sampling::FlowSchedule::kEntries;
  return {std::move(model)};
}

// FLUX.1's: the shift follows from the picture's size, and schedules pick from a finer table.
std::vector<Value> set_flux_sampling(const Arguments& arguments, NodeContext&) {
  constexpr double kFewTokens = 256.0, kManyTokens = 4096.0;
  const double base = arguments.real("base_shift");
  const double slope = (arguments.real("max_shift") - base) / (kManyTokens - kFewTokens);
  const double tokens = static_cast<double>(arguments.integer("width")) *
                        static_cast<double>(arguments.integer("height")) / (16.0 * 16.0);
  Model model = arguments.get<Model>("model");
  model.shift = std::exp(tokens * slope + base - slope * kFewTokens);
  model.timestep_scale = 1.0;
  model.schedule_entries = 10000;
  return {std::move(model)};
}

std::vector<Value> set_sd3_sampling(const Arguments& arguments, NodeContext& context) {
  log_warning("ModelSamplingSD3 (node " + context.node_id +
              "): it gives Z-Image times it was not trained with, here as in ComfyUI; use "
              "ModelSamplingAuraFlow with the same shift");
  Model model = arguments.get<Model>("model");
  model.shift = arguments.real("shift");
  model.timestep_scale = 1000.0;
  model.schedule_entries = sampling::FlowSchedule::kEntries;
  return {std::move(model)};
}

// A cfg of exactly 1 leaves the negative prompt out of guidance; only samplers of the CFG++ kind
// and some patches of a model evaluate it all the same.
bool ignores_negative(const std::string& input, const Arguments& known) {
  if (input != "negative" || !known.has("cfg") || known.real("cfg") != 1.0) return false;
  if (!known.has("sampler_name") || !known.has("model")) return false;
  if (!known.get<Model>("model").patches.empty()) return false;
  const sampling::Sampler* sampler = sampling::find_sampler(known.text("sampler_name"));
  return sampler == nullptr || !sampler->needs_unconditional;
}

Guider cfg_guider(const Arguments& arguments) {
  return {
      .kind = Guider::Kind::kCfg,
      .model = arguments.get<Model>("model"),
      .positive = arguments.get<Conditioning>("positive"),
      // Left out by `ignores_negative`: nobody will ask for its prediction.
      .negative = arguments.get<Conditioning>(arguments.has("negative") ? "negative" : "positive"),
      .cfg = arguments.real("cfg")};
}

std::vector<float> sigmas_of(const Arguments& arguments, double denoise) {
  return sampling::make_sigmas(arguments.text("scheduler"), flow_of(arguments.get<Model>("model")),
                               static_cast<int>(arguments.integer("steps")), denoise,
                               arguments.text("sampler_name"));
}

std::vector<Value> run_ksampler(const Arguments& arguments, NodeContext& context) {
  const SamplingRun run{.guider = cfg_guider(arguments),
                        .sampler = {arguments.text("sampler_name")},
                        .sigmas = sigmas_of(arguments, arguments.real("denoise")),
                        .noise = {.seed = arguments.seed("seed")},
                        .latent = arguments.get<Latent>("latent_image")};
  return {run_sampling(run, context).output};
}

std::vector<Value> run_ksampler_advanced(const Arguments& arguments, NodeContext& context) {
  const bool finish = arguments.text("return_with_leftover_noise") == "disable";
  const SamplingRun run{
      .guider = cfg_guider(arguments),
      .sampler = {arguments.text("sampler_name")},
      .sigmas = sampling::sigma_window(sigmas_of(arguments, /*denoise=*/1.0),
                                       static_cast<int>(arguments.integer("start_at_step")),
                                       static_cast<int>(arguments.integer("end_at_step")), finish),
      .noise = {.seed = arguments.seed("noise_seed"),
                .zero = arguments.text("add_noise") == "disable"},
      .latent = arguments.get<Latent>("latent_image")};
  return {run_sampling(run, context).output};
}

InputSpec model_input() { return link("model", "MODEL").tip("The diffusion model."); }
InputSpec seed_input(const char* name) {
  return integer(name, 0, 0, std::numeric_limits<uint64_t>::max())
      .tip("The same seed gives the same noise.");
}
InputSpec steps_input() {
  return integer("steps", 20, 1, 10000).tip("More steps are slower and finer.");
}
InputSpec cfg_input() {
  return real("cfg", 8.0, 0.0, 100.0, 0.1)
      .tip("How strongly to follow the prompt; 1 ignores the negative prompt and halves the work.");
}
InputSpec sampler_input() {
  return choice("sampler_name", sampling::sampler_names()).tip("The way from noise to picture.");
}
InputSpec scheduler_input() {
  return choice("scheduler", sampling::scheduler_names()).tip("How the noise levels are spaced.");
}
InputSpec positive_input() {
  return link("positive", "CONDITIONING").tip("What the picture should show.");
}
InputSpec negative_input() {
  return link("negative", "CONDITIONING").tip("What it should not show.").lazy();
}
InputSpec latent_input() { return link("latent_image", "LATENT").tip("Where to start."); }

}  // namespace

void add_sampling_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ModelSamplingAuraFlow",
      .display_name = "ModelSamplingAuraFlow",
      .category = "model/patch",
      .description = "Sets how far the noise levels lean towards noise.",
      .inputs = {link("model", "MODEL"), real("shift", 1.73, 0.0, 100.0, 0.01)},
      .outputs = {{"MODEL", "MODEL"}},
      .run = set_shift,
  });
  types.push_back({
      .class_name = "ModelSamplingFlux",
      .display_name = "ModelSamplingFlux",
      .category = "model/patch/flux",
      .description = "Sets the noise levels of FLUX.1 for a size of picture.",
      .inputs = {link("model", "MODEL"), real("max_shift", 1.15, 0.0, 100.0, 0.01),
                 real("base_shift", 0.5, 0.0, 100.0, 0.01),
                 integer("width", 1024, 16, kMaxResolution, 8),
                 integer("height", 1024, 16, kMaxResolution, 8)},
      .outputs = {{"MODEL", "MODEL"}},
      .is_core = false,
      .run = set_flux_sampling,
  });
  types.push_back({
      .class_name = "ModelSamplingSD3",
      .display_name = "ModelSamplingSD3",
      .category = "model/patch",
      .description = "Sets the noise levels of Stable Diffusion 3. Z-Image and Z-Anime take "
                     "ModelSamplingAuraFlow instead: this node also gives the network times a "
                     "thousand times too large.",
      .inputs = {link("model", "MODEL"), real("shift", 3.0, 0.0, 100.0, 0.01)},
      .outputs = {{"MODEL", "MODEL"}},
      .is_core = false,
      .run = set_sd3_sampling,
  });
  types.push_back({
      .class_name = "KSampler",
      .display_name = "KSampler",
      .category = "model/sampling",
      .description = "Denoises a latent, step by step, towards the positive prompt.",
      .inputs = {model_input(), seed_input("seed"), steps_input(), cfg_input(), sampler_input(),
                 scheduler_input(), positive_input(), negative_input(), latent_input(),
                 real("denoise", 1.0, 0.0, 1.0, 0.01)
                     .tip("How much of the start is replaced; below 1 its composition stays.")},
      .outputs = {{"LATENT", "LATENT"}},
      .ignores = ignores_negative,
      .run = run_ksampler,
  });
  types.push_back({
      .class_name = "KSamplerAdvanced",
      .display_name = "KSampler (Advanced)",
      .category = "model/sampling",
      .description = "Walks a part of the way from noise to picture; several make the whole.",
      .inputs = {model_input(),
                 choice("add_noise", {"enable", "disable"})
                     .tip("Disable where the latent still has the noise of a sampler before."),
                 seed_input("noise_seed"), steps_input(), cfg_input(), sampler_input(),
                 scheduler_input(), positive_input(), negative_input(), latent_input(),
                 integer("start_at_step", 0, 0, 10000).tip("Steps before it are left out."),
                 integer("end_at_step", 10000, 0, 10000).tip("Steps from it on are left out."),
                 choice("return_with_leftover_noise", {"disable", "enable"})
                     .tip("Disable to remove all noise with the last step made.")},
      .outputs = {{"LATENT", "LATENT"}},
      .ignores = ignores_negative,
      .run = run_ksampler_advanced,
  });
}

}  // namespace zanime::nodes
