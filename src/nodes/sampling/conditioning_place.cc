// Where, when and how strongly a conditioning takes part in a picture; the same for pairs of a
// positive and a negative one.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "models/autoencoder.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/inpaint_mask.h"
#include "nodes/sampling/hooks.h"
#include "nodes/vae_picture.h"

namespace zanime::nodes {
namespace {

using Change = std::function<void(ConditioningEntry&)>;

Conditioning with_change(Conditioning conditioning, const Change& change) {
  for (ConditioningEntry& entry : conditioning) change(entry);
  return conditioning;
}

Conditioning joined(Conditioning first, const Conditioning& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<Value> multiply(const Arguments& arguments, NodeContext&) {
  const auto factor = static_cast<float>(arguments.real("multiplier"));
  return {with_change(arguments.get<Conditioning>("conditioning"), [&](ConditioningEntry& entry) {
    Tensor tokens(entry.tokens.shape());
    for (int64_t i = 0; i < tokens.size(); ++i) {
      tokens.data()[i] = entry.tokens.data()[i] * factor;
    }
    entry.tokens = tokens;
  })};
}

void set_mask(ConditioningEntry& entry, const Mask& mask, const Arguments& arguments) {
  entry.mask = mask.values;
  entry.mask_strength = arguments.real("strength");
  entry.area_of_mask = arguments.text("set_cond_area") == "mask bounds";
}

std::vector<Value> mask_conditioning(const Arguments& arguments, NodeContext&) {
  return {with_change(arguments.get<Conditioning>("conditioning"), [&](ConditioningEntry& entry) {
    set_mask(entry, arguments.get<Mask>("mask"), arguments);
  })};
}

std::vector<Value> set_area(const Arguments& arguments, NodeContext&) {
  const auto cells = [&](const char* name) {
    return static_cast<double>(arguments.integer(name) / models::kPixelsPerLatent);
  };
  const ConditioningEntry::Area area{
      .height = cells("height"), .width = cells("width"), .y = cells("y"), .x = cells("x")};
  return {with_change(arguments.get<Conditioning>("conditioning"), [&](ConditioningEntry& entry) {
    entry.area = area;
    entry.strength = arguments.real("strength");
    entry.area_of_mask = false;
  })};
}

std::vector<Value> set_area_share(const Arguments& arguments, NodeContext&) {
  const ConditioningEntry::Area area{.height = arguments.real("height"),
                                     .width = arguments.real("width"),
                                     .y = arguments.real("y"),
                                     .x = arguments.real("x"),
                                     .is_share = true};
  return {with_change(arguments.get<Conditioning>("conditioning"), [&](ConditioningEntry& entry) {
    entry.area = area;
    entry.strength = arguments.real("strength");
    entry.area_of_mask = false;
  })};
}

std::vector<Value> time_ranges(const Arguments& arguments, NodeContext&) {
  const double start = arguments.real("start_percent"), end = arguments.real("end_percent");
  return {TimeRange{start, end}, TimeRange{0.0, start}, TimeRange{end, 1.0}};
}

void add_hooks(ConditioningEntry& entry, const Arguments& arguments) {
  if (!arguments.has("hooks")) return;
  entry.hooks = joined_hooks(std::move(entry.hooks), arguments.get<Hooks>("hooks"));
}

// What the nodes of properties have in common: hooks, a mask with its strength, and a range.
Conditioning with_properties(const std::string& input, const Arguments& arguments) {
  return with_change(arguments.get<Conditioning>(input), [&](ConditioningEntry& entry) {
    add_hooks(entry, arguments);
    if (arguments.has("mask")) set_mask(entry, arguments.get<Mask>("mask"), arguments);
    if (arguments.has("timesteps")) {
      const TimeRange& range = arguments.get<TimeRange>("timesteps");
      entry.range = {range.start, range.end};
    }
  });
}

Conditioning as_default(const std::string& input, const Arguments& arguments) {
  return with_change(arguments.get<Conditioning>(input), [&](ConditioningEntry& entry) {
    add_hooks(entry, arguments);
    entry.is_default = true;
  });
}

std::vector<Value> set_properties(const Arguments& arguments, NodeContext&) {
  return {with_properties("cond_NEW", arguments)};
}

std::vector<Value> set_properties_and_combine(const Arguments& arguments, NodeContext&) {
  return {joined(arguments.get<Conditioning>("cond"), with_properties("cond_NEW", arguments))};
}

std::vector<Value> combine_default(const Arguments& arguments, NodeContext&) {
  return {joined(arguments.get<Conditioning>("cond"), as_default("cond_DEFAULT", arguments))};
}

std::vector<Value> combine_pairs(const Arguments& arguments, NodeContext&) {
  const auto both = [&](const char* first, const char* second) {
    return joined(arguments.get<Conditioning>(first), arguments.get<Conditioning>(second));
  };
  return {both("positive_A", "positive_B"), both("negative_A", "negative_B")};
}

std::vector<Value> set_pair_properties(const Arguments& arguments, NodeContext&) {
  return {with_properties("positive_NEW", arguments), with_properties("negative_NEW", arguments)};
}

std::vector<Value> set_pair_properties_and_combine(const Arguments& arguments, NodeContext&) {
  return {
      joined(arguments.get<Conditioning>("positive"), with_properties("positive_NEW", arguments)),
      joined(arguments.get<Conditioning>("negative"), with_properties("negative_NEW", arguments))};
}

std::vector<Value> combine_pair_default(const Arguments& arguments, NodeContext&) {
  return {
      joined(arguments.get<Conditioning>("positive"), as_default("positive_DEFAULT", arguments)),
      joined(arguments.get<Conditioning>("negative"), as_default("negative_DEFAULT", arguments))};
}

// This network takes no picture to repaint, so what is left of the node is the latent with its
// noise mask.
std::vector<Value> inpaint_conditioning(const Arguments& arguments, NodeContext& context) {
  const Tensor& whole = arguments.get<Image>("pixels").pixels;
  Latent latent;
  latent.samples = encoder_of(arguments.get<Vae>("vae"))
                       .encode(crop_to_latent_size(whole), context.backend, context.cancel);
  if (arguments.get<bool>("noise_mask")) {
    latent.noise_mask = mask_for_pixels(arguments.get<Mask>("mask").values, whole);
  }
  return {arguments.get<Conditioning>("positive"), arguments.get<Conditioning>("negative"),
          std::move(latent)};
}

InputSpec conditioning_input(const char* name) { return link(name, "CONDITIONING"); }
InputSpec place_strength_input() { return real("strength", 1.0, 0.0, 10.0, 0.01); }
InputSpec cond_area_input() {
  return choice("set_cond_area", {"default", "mask bounds"})
      .tip("With mask bounds only the part around the mask is predicted.");
}

InputSpec hooks_input() { return link("hooks", "HOOKS").optional(); }

std::vector<InputSpec> property_inputs() {
  return {place_strength_input().tip("Of the mask."), cond_area_input(),
          link("mask", "MASK").optional(), hooks_input(),
          link("timesteps", "TIMESTEPS_RANGE").optional()};
}

const std::vector<OutputSpec> kOneConditioning{{"CONDITIONING", "CONDITIONING"}};
const std::vector<OutputSpec> kPairOutputs{{"CONDITIONING", "positive"},
                                           {"CONDITIONING", "negative"}};

void add_node(NodeTypes& types, const char* class_name, const char* display_name,
              const char* category, const char* description, std::vector<InputSpec> inputs,
              std::vector<OutputSpec> outputs, NodeFunction run, bool is_core = false) {
  types.push_back({.class_name = class_name,
                   .display_name = display_name,
                   .category = category,
                   .description = description,
                   .inputs = std::move(inputs),
                   .outputs = std::move(outputs),
                   .is_core = is_core,
                   .run = run});
}

void add_places(NodeTypes& types) {
  const auto add = [&](const char* class_name, const char* display_name, const char* description,
                       std::vector<InputSpec> inputs, NodeFunction run, bool is_core = true) {
    inputs.insert(inputs.begin(), conditioning_input("conditioning"));
    add_node(types, class_name, display_name, "model/conditioning", description, std::move(inputs),
             kOneConditioning, run, is_core);
  };
  add("ConditioningMultiply", "Conditioning Multiply",
      "Every number of a conditioning times a factor. Z-Image normalises texts first, so that only "
      "the factor's sign matters to it.",
      {real("multiplier", 1.0, -1000000.0, 1000000.0, 0.01)}, multiply, /*is_core=*/false);
  add("ConditioningSetMask", "Conditioning (Set Mask)",
      "A prompt for a part of the picture that a mask gives.",
      {link("mask", "MASK"), place_strength_input(), cond_area_input()}, mask_conditioning);
  add("ConditioningSetArea", "Conditioning (Set Area)", "A prompt for a part of the picture.",
      {integer("width", 64, 64, kMaxResolution, 8), integer("height", 64, 64, kMaxResolution, 8),
       integer("x", 0, 0, kMaxResolution, 8), integer("y", 0, 0, kMaxResolution, 8),
       place_strength_input()},
      set_area);
  const auto share = [](const char* name, double default_value) {
    return real(name, default_value, 0.0, 1.0, 0.01);
  };
  add("ConditioningSetAreaPercentage", "Conditioning (Set Area with Percentage)",
      "A prompt for a part of the picture, in shares of its sides.",
      {share("width", 1.0), share("height", 1.0), share("x", 0.0), share("y", 0.0),
       place_strength_input()},
      set_area_share);
  add_node(types, "InpaintModelConditioning", "InpaintModelConditioning",
           "model/conditioning/inpaint",
           "The latent of a picture with a mask of what to repaint; both conditionings pass.",
           {conditioning_input("positive"), conditioning_input("negative"), link("vae", "VAE"),
            link("pixels", "IMAGE"), link("mask", "MASK"),
            boolean("noise_mask", true).tip("Repaint only where the mask is white.")},
           {{"CONDITIONING", "positive"}, {"CONDITIONING", "negative"}, {"LATENT", "latent"}},
           inpaint_conditioning, /*is_core=*/true);
}

void add_properties(NodeTypes& types) {
  constexpr const char* kSingle = "advanced/hooks/cond single";
  constexpr const char* kPair = "advanced/hooks/cond pair";
  add_node(types, "ConditioningTimestepsRange", "Timesteps Range", "advanced/hooks",
           "A part of sampling, and what is before and after it.",
           {real("start_percent", 0.0, 0.0, 1.0, 0.001), real("end_percent", 1.0, 0.0, 1.0, 0.001)},
           {{"TIMESTEPS_RANGE", "TIMESTEPS_RANGE"},
            {"TIMESTEPS_RANGE", "BEFORE_RANGE"},
            {"TIMESTEPS_RANGE", "AFTER_RANGE"}},
           time_ranges);
  add_node(types, "ConditioningSetProperties", "Cond Set Props", kSingle,
           "A prompt with a mask and a part of sampling.",
           std::vector{conditioning_input("cond_NEW")} + property_inputs(), kOneConditioning,
           set_properties);
  add_node(
      types, "ConditioningSetPropertiesAndCombine", "Cond Set Props Combine", kSingle,
      "The same, added to another.",
      std::vector{conditioning_input("cond"), conditioning_input("cond_NEW")} + property_inputs(),
      kOneConditioning, set_properties_and_combine);
  add_node(types, "ConditioningSetDefaultCombine", "Cond Set Default Combine", kSingle,
           "A prompt for what the masks of others leave of the picture.",
           {conditioning_input("cond"), conditioning_input("cond_DEFAULT"), hooks_input()},
           kOneConditioning, combine_default);
  add_node(types, "PairConditioningCombine", "Cond Pair Combine", kPair,
           "Two pairs of prompts at once.",
           {conditioning_input("positive_A"), conditioning_input("negative_A"),
            conditioning_input("positive_B"), conditioning_input("negative_B")},
           kPairOutputs, combine_pairs);
  add_node(types, "PairConditioningSetProperties", "Cond Pair Set Props", kPair,
           "A pair of prompts with a mask and a part of sampling.",
           std::vector{conditioning_input("positive_NEW"), conditioning_input("negative_NEW")} +
               property_inputs(),
           kPairOutputs, set_pair_properties);
  add_node(types, "PairConditioningSetPropertiesAndCombine", "Cond Pair Set Props Combine", kPair,
           "The same, added to another pair.",
           std::vector{conditioning_input("positive"), conditioning_input("negative"),
                       conditioning_input("positive_NEW"), conditioning_input("negative_NEW")} +
               property_inputs(),
           kPairOutputs, set_pair_properties_and_combine);
  add_node(types, "PairConditioningSetDefaultCombine", "Cond Pair Set Default Combine", kPair,
           "A pair of prompts for what the masks of others leave of the picture.",
           {conditioning_input("positive"), conditioning_input("negative"),
            conditioning_input("positive_DEFAULT"), conditioning_input("negative_DEFAULT"),
            hooks_input()},
           kPairOutputs, combine_pair_default);
}

}  // namespace

void add_conditioning_place_nodes(NodeTypes& types) {
  add_places(types);
  add_properties(types);
}

}  // namespace zanime::nodes
