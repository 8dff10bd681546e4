// Guiders beyond the plain one, and patches of a model that change how its predictions are
// combined.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "nodes/core_nodes.h"
#include "nodes/sampling/denoise.h"
#include "nodes/sampling/model_patch.h"
#include "sampling/flow.h"
#include "sampling/guidance_patches.h"
#include "sampling/step_cache.h"

namespace zanime::nodes {
namespace {

using sampling::GuidancePatch;

float float_input(const Arguments& arguments, const char* name) {
  return static_cast<float>(arguments.real(name));
}

// The model with a patch that acts on guidance alone; `make` makes one for each run.
std::vector<Value> with_guidance(const Arguments& arguments,
                                 std::function<GuidancePatch(const PatchContext&)> make) {
  Model model = arguments.get<Model>("model");
  model.patches.emplace_back([make = std::move(make)](const PatchContext& context) {
    return ModelPatch{.guidance = make(context)};
  });
  return {std::move(model)};
}

std::vector<Value> override_cfg(const Arguments& arguments, NodeContext&) {
  const sampling::FlowSchedule flow = flow_of(arguments.get<Model>("model"));
  return with_guidance(
      arguments, [cfg = float_input(arguments, "cfg"),
                  from = flow.percent_to_sigma(arguments.real("start_percent")),
                  to = flow.percent_to_sigma(arguments.real("end_percent"))](const PatchContext&) {
        return sampling::override_cfg(cfg, from, to);
      });
}

std::vector<Value> rescale_cfg(const Arguments& arguments, NodeContext&) {
  return with_guidance(arguments, [m = float_input(arguments, "multiplier")](const PatchContext&) {
    return sampling::rescale_cfg(m);
  });
}

std::vector<Value> renorm_cfg(const Arguments& arguments, NodeContext&) {
  return with_guidance(arguments,
                       [truncate = float_input(arguments, "cfg_trunc"),
                        renorm = float_input(arguments, "renorm_cfg")](const PatchContext&) {
                         return sampling::renorm_cfg(truncate, renorm);
                       });
}

std::vector<Value> cfg_norm(const Arguments& arguments, NodeContext&) {
  return with_guidance(arguments, [strength = float_input(arguments, "strength"),
                                   of_noise = arguments.get<bool>("pre_cfg")](const PatchContext&) {
    return of_noise ? sampling::cfg_norm_of_noise(strength) : sampling::cfg_norm(strength);
  });
}

std::vector<Value> projected_guidance(const Arguments& arguments, NodeContext&) {
  return with_guidance(
      arguments,
      [eta = float_input(arguments, "eta"), longest = float_input(arguments, "norm_threshold"),
       momentum = float_input(arguments, "momentum")](const PatchContext&) {
        return sampling::projected_guidance(eta, longest, momentum);
      });
}

std::vector<Value> epsilon_scaling(const Arguments& arguments, NodeContext&) {
  return with_guidance(arguments,
                       [f = float_input(arguments, "scaling_factor")](const PatchContext&) {
                         return sampling::epsilon_scaling(f);
                       });
}

std::vector<Value> score_rescaling(const Arguments& arguments, NodeContext&) {
  return with_guidance(
      arguments, [k = arguments.real("tsr_k"), sigma = arguments.real("tsr_sigma")](
                     const PatchContext&) { return sampling::temporal_score_rescaling(k, sigma); });
}

std::vector<Value> frequency_scaling(const Arguments& arguments, NodeContext&) {
  return with_guidance(
      arguments,
      [low = float_input(arguments, "scale_low"), high = float_input(arguments, "scale_high"),
       cutoff = static_cast<int>(arguments.integer("freq_cutoff"))](const PatchContext&) {
        return sampling::frequency_scaling(low, high, cutoff);
      });
}

// Without effect on this network's attention, but it makes the negative prediction at a scale of 1.
std::vector<Value> normalized_attention(const Arguments& arguments, NodeContext&) {
  return with_guidance(arguments,
                       [](const PatchContext&) { return sampling::always_with_negative(); });
}

// A patch without parameters.
template <GuidancePatch (*make)()>
std::vector<Value> with_plain_guidance(const Arguments& arguments, NodeContext&) {
  return with_guidance(arguments, [](const PatchContext&) { return make(); });
}

std::vector<Value> patch_perp_neg(const Arguments& arguments, NodeContext&) {
  return with_guidance(arguments, [empty = arguments.get<Conditioning>("empty_conditioning"),
                                   scale = float_input(arguments, "neg_scale")](
                                      const PatchContext& context) {
    const sampling::Denoise denoise =
        flow_denoise(context.model, empty, context.backend, context.cancel);
    return GuidancePatch{.combine = [denoise, scale](const sampling::GuidanceCall& call,
                                                     const Tensor& positive,
                                                     const Tensor& negative) {
      return sampling::perp_neg(positive, negative, denoise(call.x, call.sigma), call.cfg, scale);
    }};
  });
}

std::vector<Value> perp_neg_guider(const Arguments& arguments, NodeContext&) {
  return {Guider{.kind = Guider::Kind::kPerpNeg,
                 .model = arguments.get<Model>("model"),
                 .positive = arguments.get<Conditioning>("positive"),
                 .negative = arguments.get<Conditioning>("negative"),
                 .cfg = arguments.real("cfg"),
                 .empty = arguments.get<Conditioning>("empty_conditioning"),
                 .negative_scale = arguments.real("neg_scale")}};
}

std::vector<Value> dual_model_guider(const Arguments& arguments, NodeContext& context) {
  if (!arguments.has("negative")) {
    throw Error(ErrorKind::kGraph,
                "input `negative` is not linked; this network always reads a text, so link a "
                "CLIPTextEncode, with an empty text if need be");
  }
  Guider guider{.kind = Guider::Kind::kCfg,
                .model = arguments.get<Model>("model"),
                .positive = arguments.get<Conditioning>("positive"),
                .negative = arguments.get<Conditioning>("negative"),
                .cfg = arguments.real("cfg")};
  if (!arguments.has("model_negative")) return {std::move(guider)};
  const auto& network = arguments.get<Model>("model_negative").network;
  // ComfyUI has one version of a file's weights at a time, that of the first model.
  if (network->weights().path() == guider.model.network->weights().path()) {
    log_warning("DualModelGuider (node " + context.node_id +
                "): both models come from one file, and the negative side runs `model` as in "
                "ComfyUI; adapters on `model_negative` alone need a copy of the file");
    return {std::move(guider)};
  }
  guider.kind = Guider::Kind::kDualModel;
  guider.negative_network = network;
  return {std::move(guider)};
}

sampling::StepCacheOptions cache_options(const Arguments& arguments) {
  const sampling::FlowSchedule flow = flow_of(arguments.get<Model>("model"));
  return {.threshold = arguments.real("reuse_threshold"),
          .start_sigma = static_cast<float>(flow.percent_to_sigma(arguments.real("start_percent"))),
          .end_sigma = static_cast<float>(flow.percent_to_sigma(arguments.real("end_percent")))};
}

std::string skipped_sentence(const char* name, int skipped) {
  return std::string(name) + " left out " + std::to_string(skipped) +
         (skipped == 1 ? " step" : " steps");
}

std::vector<Value> lazy_cache(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  model.patches.emplace_back([options = cache_options(arguments)](const PatchContext&) {
    const auto skipped = std::make_shared<int>(0);
    return ModelPatch{.guidance = sampling::lazy_cache(options, [skipped] { ++*skipped; }),
                      .summary = [skipped] { return skipped_sentence("LazyCache", *skipped); }};
  });
  return {std::move(model)};
}

std::vector<Value> easy_cache(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  model.patches.emplace_back([options = cache_options(arguments)](const PatchContext&) {
    const auto skipped = std::make_shared<int>(0);
    const auto cache = std::make_shared<sampling::EasyCache>(options, [skipped] { ++*skipped; });
    const auto around = [cache](sampling::Guide guide) -> sampling::Guide {
      return
          [cache, guide = std::move(guide)](const Tensor& x, float sigma, bool need_unconditional) {
            cache->begin();
            return guide(x, sigma, need_unconditional);
          };
    };
    return ModelPatch{.guidance = {.around = around},
                      .network =
                          [cache](const void* entry, const Tensor& x, float sigma,
                                  const std::function<Tensor()>& make) {
                            return cache->output(entry, x, sigma, make);
                          },
                      .summary = [skipped] { return skipped_sentence("EasyCache", *skipped); }};
  });
  return {std::move(model)};
}

bool names_a_layer(const std::string& layers) {
  return std::any_of(layers.begin(), layers.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// This network has no layers of the kinds that these nodes skip, so that the prediction without
// them is the positive one: of the guidance only its rescaling is left.
std::vector<Value> skip_layers(const Arguments& arguments, NodeContext&) {
  const Model& model = arguments.get<Model>("model");
  const bool skips = names_a_layer(arguments.text("double_layers")) ||
                     names_a_layer(arguments.text("single_layers"));
  const float rescale = float_input(arguments, "rescaling_scale");
  if (!skips || rescale == 0.0f || arguments.real("scale") <= 0.0) return {model};
  const sampling::FlowSchedule flow = flow_of(model);
  return with_guidance(
      arguments, [rescale, from = flow.percent_to_sigma(arguments.real("start_percent")),
                  to = flow.percent_to_sigma(arguments.real("end_percent"))](const PatchContext&) {
        return sampling::skip_layer_rescale(rescale, from, to);
      });
}

std::vector<Value> pass_model(const Arguments& arguments, NodeContext&) {
  return {arguments.get<Model>("model")};
}

std::vector<Value> scale_positions(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  model.grid = {.scale_x = float_input(arguments, "scale_x"),
                .shift_x = float_input(arguments, "shift_x"),
                .scale_y = float_input(arguments, "scale_y"),
                .shift_y = float_input(arguments, "shift_y")};
  return {std::move(model)};
}

std::vector<Value> set_compute_type(const Arguments& arguments, NodeContext& context) {
  const std::string& asked = arguments.text("dtype");
  if (asked != "default" && asked != context.backend.compute_name()) {
    log_warning("ModelComputeDtype (node " + context.node_id + "): " + asked +
                " is not applied; this run computes in " + context.backend.compute_name() +
                ", which --compute chooses");
  }
  return {arguments.get<Model>("model")};
}

std::vector<Value> differential_diffusion(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  model.patches.emplace_back([strength = arguments.real("strength")](const PatchContext& context) {
    return ModelPatch{.mask = sampling::differential_mask(flow_of(context.model), strength)};
  });
  return {std::move(model)};
}

std::vector<Value> set_noise_scale(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  model.noise_scale = arguments.real("noise_scale");
  return {std::move(model)};
}

InputSpec start_input(double default_value = 0.0, double step = 0.001) {
  return real("start_percent", default_value, 0.0, 1.0, step);
}
InputSpec end_input(double default_value = 1.0, double step = 0.001) {
  return real("end_percent", default_value, 0.0, 1.0, step);
}

void add_more_guiders(NodeTypes& types) {
  types.push_back({
      .class_name = "DualModelGuider",
      .display_name = "Dual Model CFG Guider",
      .category = "model/sampling/guiders",
      .description = "Guidance whose negative side is predicted by a model of its own.",
      .inputs = {link("model", "MODEL"), link("model_negative", "MODEL").optional(),
                 link("positive", "CONDITIONING"), real("cfg", 4.0, 0.0, 100.0, 0.1),
                 link("negative", "CONDITIONING").optional()},
      .outputs = {{"GUIDER", "GUIDER"}},
      .is_core = false,
      .run = dual_model_guider,
  });
  types.push_back({
      .class_name = "PerpNegGuider",
      .display_name = "Perp-Neg Guider",
      .category = "experimental",
      .description = "Leads away from what of the negative prompt stands at right angles to the "
                     "positive one.",
      .inputs = {link("model", "MODEL"), link("positive", "CONDITIONING"),
                 link("negative", "CONDITIONING"), link("empty_conditioning", "CONDITIONING"),
                 real("cfg", 8.0, 0.0, 100.0, 0.1), real("neg_scale", 1.0, 0.0, 100.0, 0.01)},
      .outputs = {{"GUIDER", "GUIDER"}},
      .is_core = false,
      .run = perp_neg_guider,
  });
}

void add_patch(NodeTypes& types, const char* class_name, const char* display_name,
               const char* category, const char* description, std::vector<InputSpec> inputs,
               NodeFunction run, const char* output = "MODEL") {
  inputs.insert(inputs.begin(), link("model", "MODEL"));
  types.push_back({.class_name = class_name,
                   .display_name = display_name,
                   .category = category,
                   .description = description,
                   .inputs = std::move(inputs),
                   .outputs = {{"MODEL", output}},
                   .is_core = false,
                   .run = run});
}

void add_guidance_patches(NodeTypes& types) {
  add_patch(types, "CFGOverride", "CFG Override", "model/sampling/guiders",
            "Another guidance scale in a part of sampling.",
            {real("cfg", 1.0, 0.0, 100.0, 0.1), start_input(), end_input()}, override_cfg);
  add_patch(types, "RescaleCFG", "RescaleCFG", "model/patch",
            "Gives the guided prediction the spread of the positive one.",
            {real("multiplier", 0.7, 0.0, 1.0, 0.01)}, rescale_cfg);
  add_patch(types, "RenormCFG", "RenormCFG", "model/patch",
            "Keeps the guided prediction from growing longer than the positive one.",
            {real("cfg_trunc", 100.0, 0.0, 100.0, 0.01), real("renorm_cfg", 1.0, 0.0, 100.0, 0.01)},
            renorm_cfg);
  add_patch(types, "CFGNorm", "CFGNorm", "advanced/guidance",
            "Keeps the guided prediction at each place from growing beyond the positive one.",
            {real("strength", 1.0, 0.0, 100.0, 0.01),
             boolean("pre_cfg", false).tip("Of the noise, before it is combined.").optional()},
            cfg_norm, "patched_model");
  add_patch(types, "CFGZeroStar", "CFGZeroStar", "advanced/guidance",
            "Scales the negative prediction to what the positive one has of it.", {},
            with_plain_guidance<sampling::cfg_zero_star>, "patched_model");
  add_patch(types, "TCFG", "Tangential Damping CFG", "advanced/guidance",
            "Drops from the negative prediction what lies across the positive one.", {},
            with_plain_guidance<sampling::tangential_damping>, "patched_model");
  add_patch(types, "Mahiro", "Positive-Biased Guidance", "advanced/guidance",
            "Leads more along the positive prompt than away from the negative one.", {},
            with_plain_guidance<sampling::mahiro>, "patched_model");
  add_patch(types, "APG", "Adaptive Projected Guidance", "advanced/guidance",
            "Scales what of the guidance lies along the prediction, and limits its length.",
            {real("eta", 1.0, -10.0, 10.0, 0.01), real("norm_threshold", 5.0, 0.0, 50.0, 0.1),
             real("momentum", 0.0, -5.0, 1.0, 0.01)},
            projected_guidance);
  add_patch(types, "PerpNeg", "Perp-Neg (DEPRECATED by Perp-Neg Guider)", "experimental",
            "PerpNegGuider as a patch.",
            {link("empty_conditioning", "CONDITIONING"), real("neg_scale", 1.0, 0.0, 100.0, 0.01)},
            patch_perp_neg);
  add_patch(types, "Epsilon Scaling", "Epsilon Scaling", "model/patch/unet",
            "Divides the predicted noise by a factor.",
            {real("scaling_factor", 1.005, 0.5, 1.5, 0.001)}, epsilon_scaling);
  add_patch(types, "TemporalScoreRescaling", "TSR - Temporal Score Rescaling", "model/patch/unet",
            "Rescales the predicted noise: more detail below 1, smoother above.",
            {real("tsr_k", 0.95, 0.01, 100.0, 0.001), real("tsr_sigma", 1.0, 0.01, 100.0, 0.001)},
            score_rescaling, "patched_model");
  add_patch(types, "FreSca", "FreSca", "experimental",
            "Scales low and high frequencies of the guidance.",
            {real("scale_low", 1.0, 0.0, 10.0, 0.01), real("scale_high", 1.25, 0.0, 10.0, 0.01),
             integer("freq_cutoff", 20, 1, 10000)},
            frequency_scaling);
  add_patch(types, "NAGuidance", "Normalized Attention Guidance", "model/patch",
            "Guidance inside the attention of other networks; on Z-Image it only makes the "
            "negative prediction at a scale of 1 too.",
            {real("nag_scale", 5.0, 0.0, 50.0, 0.1), real("nag_alpha", 0.5, 0.0, 1.0, 0.01),
             real("nag_tau", 1.5, 1.0, 10.0, 0.01)},
            normalized_attention);
}

void add_other_patches(NodeTypes& types) {
  const auto cache_inputs = [] {
    return std::vector{real("reuse_threshold", 0.2, 0.0, 3.0, 0.01).tip("Higher is faster."),
                       start_input(0.15, 0.01), end_input(0.95, 0.01), boolean("verbose", false)};
  };
  add_patch(types, "EasyCache", "EasyCache", "advanced/debug",
            "Leaves out steps in which the network's output would hardly change.", cache_inputs(),
            easy_cache);
  add_patch(types, "LazyCache", "LazyCache", "advanced/debug",
            "Leaves out steps in which the guided prediction would hardly change.", cache_inputs(),
            lazy_cache);
  add_patch(types, "DifferentialDiffusion", "Differential Diffusion", "experimental",
            "Repaints each place for as much of the way as the noise mask is white there.",
            {real("strength", 1.0, 0.0, 1.0, 0.0001).optional()}, differential_diffusion);
  add_patch(types, "ModelNoiseScale", "ModelNoiseScale", "model/patch",
            "Sets how strong the noise was that a model was trained with.",
            {real("noise_scale", 1.0, 0.0, 64.0, 0.01)}, set_noise_scale);
  add_patch(types, "ModelComputeDtype", "ModelComputeDtype", "advanced/debug/model",
            "The type that products are computed in. Here the whole program has one, and the node "
            "says so where another is asked for.",
            {choice("dtype", {"default", "fp32", "fp16", "bf16"})}, set_compute_type);
  const auto factor = [](const char* name) { return real(name, 1.0, 0.0, 100.0, 0.1); };
  const auto shift = [](const char* name) { return real(name, 0.0, -256.0, 256.0, 0.1); };
  add_patch(types, "ScaleROPE", "ScaleROPE", "advanced/model_patches",
            "Moves the places at which the network sees a picture's patches; the values for time "
            "have no meaning for pictures.",
            {factor("scale_x"), shift("shift_x"), factor("scale_y"), shift("shift_y"),
             factor("scale_t"), shift("shift_t")},
            scale_positions);
}

void add_skipping_patches(NodeTypes& types) {
  const auto layers = [](const char* name) { return text(name, "7, 8, 9"); };
  add_patch(types, "SkipLayerGuidanceDiT", "SkipLayerGuidanceDiT", "advanced/guidance",
            "Leads away from the prediction without some layers. Z-Image has none of these kinds, "
            "so only `rescaling_scale` acts on it.",
            {layers("double_layers"), layers("single_layers"), real("scale", 3.0, 0.0, 10.0, 0.1),
             start_input(0.01), end_input(0.15), real("rescaling_scale", 0.0, 0.0, 10.0, 0.01)},
            skip_layers);
  add_patch(types, "SkipLayerGuidanceDiTSimple", "SkipLayerGuidanceDiTSimple", "advanced/guidance",
            "The negative prediction without some layers. Z-Image has none of these kinds, so it "
            "acts like none.",
            {layers("double_layers"), layers("single_layers"), start_input(0.0), end_input(1.0)},
            pass_model);
}

}  // namespace

void add_guidance_nodes(NodeTypes& types) {
  add_more_guiders(types);
  add_guidance_patches(types);
  add_other_patches(types);
  add_skipping_patches(types);
}

}  // namespace zanime::nodes
