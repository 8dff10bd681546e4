// Hooks: making them of adapters and checkpoints, their keyframes, and text encoders with them.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "checkpoints/adapters/adapter.h"
#include "checkpoints/family.h"
#include "checkpoints/merge.h"
#include "checkpoints/model_file.h"
#include "checkpoints/open_model.h"
#include "nodes/core_nodes.h"
#include "nodes/sampling/hooks.h"

namespace zanime::nodes {
namespace {

using checkpoints::ModelFamily;
using checkpoints::ModelWeights;

class AdapterHook final : public WeightHook {
 public:
  explicit AdapterHook(checkpoints::Adapter adapter) : adapter_(std::move(adapter)) {}

  ModelWeights applied_to(const ModelWeights& weights, const ModelWeights&, ModelFamily family,
                          double strength) const override {
    // An adapter may have nothing for one of the networks that it hooks.
    checkpoints::Adapter::Use use;
    return adapter_.applied_to(weights, family, strength, use);
  }

 private:
  checkpoints::Adapter adapter_;
};

// From a network's weights towards those of a checkpoint.
class CheckpointHook final : public WeightHook {
 public:
  CheckpointHook(std::optional<ModelWeights> model, std::optional<ModelWeights> clip)
      : model_(std::move(model)), clip_(std::move(clip)) {}

  ModelWeights applied_to(const ModelWeights& weights, const ModelWeights& base, ModelFamily family,
                          double strength) const override {
    const std::optional<ModelWeights>& target = family == ModelFamily::kZImage ? model_ : clip_;
    if (!target) return weights;
    return checkpoints::moved_towards(weights, base, *target, strength);
  }

 private:
  std::optional<ModelWeights> model_, clip_;
};

std::vector<Value> behind_previous(const Arguments& arguments, Hook hook) {
  Hooks hooks;
  if (arguments.has("prev_hooks")) hooks = arguments.get<Hooks>("prev_hooks");
  if (hook.model_strength != 0.0 || hook.clip_strength != 0.0) {
    hooks.list.push_back(std::move(hook));
  }
  return {std::move(hooks)};
}

double clip_strength(const Arguments& arguments) {
  return arguments.has("strength_clip") ? arguments.real("strength_clip") : 0.0;
}

std::vector<Value> hook_adapter(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("loras", arguments.text("lora_name"));
  return behind_previous(arguments,
                         {.change = std::make_shared<AdapterHook>(checkpoints::Adapter::open(path)),
                          .model_strength = arguments.real("strength_model"),
                          .clip_strength = clip_strength(arguments)});
}

std::vector<Value> hook_checkpoint(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("checkpoints", arguments.text("ckpt_name"));
  const auto file = checkpoints::open_model_file(path);
  const checkpoints::FileContents contents = checkpoints::identify(*file);
  const auto part = [&](ModelFamily family) -> std::optional<ModelWeights> {
    const checkpoints::ModelComponent* component = contents.find(family);
    if (component == nullptr) return std::nullopt;
    return checkpoints::load_component(file, *component);
  };
  std::optional<ModelWeights> model = part(ModelFamily::kZImage);
  if (!model) {
    throw Error(ErrorKind::kFile, path.string() +
                                      ": no Z-Image diffusion model in this file; it "
                                      "is " +
                                      contents.description);
  }
  return behind_previous(arguments, {.change = std::make_shared<CheckpointHook>(
                                         std::move(model), part(ModelFamily::kQwen3)),
                                     .model_strength = arguments.real("strength_model"),
                                     .clip_strength = clip_strength(arguments)});
}

std::vector<Value> combine_hooks(const Arguments& arguments, NodeContext&) {
  Hooks joined;
  for (const char* name :
       {"hooks_A", "hooks_B", "hooks_C", "hooks_D", "hooks_E", "hooks_F", "hooks_G", "hooks_H"}) {
    if (arguments.has(name)) joined = joined_hooks(joined, arguments.get<Hooks>(name));
  }
  return {std::move(joined)};
}

std::vector<Value> set_keyframes(const Arguments& arguments, NodeContext&) {
  Hooks hooks = arguments.get<Hooks>("hooks");
  if (!arguments.has("hook_kf")) return {std::move(hooks)};
  const auto keyframes =
      std::make_shared<const HookKeyframes>(arguments.get<HookKeyframes>("hook_kf"));
  for (Hook& hook : hooks.list) hook.keyframes = keyframes;
  return {std::move(hooks)};
}

HookKeyframes previous_keyframes(const Arguments& arguments) {
  return arguments.has("prev_hook_kf") ? arguments.get<HookKeyframes>("prev_hook_kf")
                                       : HookKeyframes{};
}

// In the order of their places; of equal ones the earlier made stands first.
void add_keyframe(HookKeyframes& keyframes, const HookKeyframe& frame) {
  const auto place = std::upper_bound(
      keyframes.frames.begin(), keyframes.frames.end(), frame,
      [](const HookKeyframe& a, const HookKeyframe& b) { return a.start < b.start; });
  keyframes.frames.insert(place, frame);
}

std::vector<Value> create_keyframe(const Arguments& arguments, NodeContext&) {
  HookKeyframes keyframes = previous_keyframes(arguments);
  add_keyframe(keyframes, {.strength = arguments.real("strength_mult"),
                           .start = arguments.real("start_percent")});
  return {std::move(keyframes)};
}

// Place `i` of `count` evenly spaced ones, in float32 and from the nearer end, as PyTorch has it: a
// keyframe that begins at a noise level is met or not by the last bit.
float spaced(double first, double last, int64_t i, int64_t count) {
  const auto from = static_cast<float>(first), to = static_cast<float>(last);
  const float step = (to - from) / static_cast<float>(count - 1);
  return i < count / 2 ? from + step * static_cast<float>(i)
                       : to - step * static_cast<float>(count - 1 - i);
}

// How far along a way is at a share of its time.
float eased(const std::string& interpolation, float share) {
  if (interpolation == "ease_in") return share * share;
  if (interpolation == "ease_out") return 1.0f - (1.0f - share) * (1.0f - share);
  return (1.0f - std::cos(share * std::numbers::pi_v<float>)) / 2.0f;
}

std::vector<Value> interpolate_keyframes(const Arguments& arguments, NodeContext&) {
  HookKeyframes keyframes = previous_keyframes(arguments);
  const double first = arguments.real("strength_start"), last = arguments.real("strength_end");
  const double start = arguments.real("start_percent"), end = arguments.real("end_percent");
  const std::string& interpolation = arguments.text("interpolation");
  const int64_t count = arguments.integer("keyframes_count");
  for (int64_t i = 0; i < count; ++i) {
    const float strength =
        interpolation == "linear"
            ? spaced(first, last, i, count)
            : static_cast<float>(last - first) * eased(interpolation, spaced(0.0, 1.0, i, count)) +
                  static_cast<float>(first);
    add_keyframe(keyframes, {.strength = strength,
                             .start = spaced(start, end, i, count),
                             .least_steps = i == 0 ? 1 : 0});
  }
  return {std::move(keyframes)};
}

std::vector<Value> set_clip_hooks(const Arguments& arguments, NodeContext&) {
  Clip clip = arguments.get<Clip>("clip");
  if (!arguments.has("hooks")) return {std::move(clip)};
  clip.hooks = arguments.get<Hooks>("hooks");
  clip.follows_keyframes = arguments.get<bool>("schedule_clip");
  if (arguments.get<bool>("apply_to_conds")) clip.conditioning_hooks = clip.hooks;
  return {std::move(clip)};
}

InputSpec hook_strength(const char* name) { return real(name, 1.0, -20.0, 20.0, 0.01); }
InputSpec previous_hooks() { return link("prev_hooks", "HOOKS").optional(); }
InputSpec previous_keyframes_input() { return link("prev_hook_kf", "HOOK_KEYFRAMES").optional(); }
InputSpec place_input(const char* name, double default_value) {
  return real(name, default_value, 0.0, 1.0, 0.001);
}

void add_hook_node(NodeTypes& types, const char* class_name, const char* display_name,
                   const char* category, const char* description, std::vector<InputSpec> inputs,
                   OutputSpec output, NodeFunction run) {
  types.push_back({.class_name = class_name,
                   .display_name = display_name,
                   .category = category,
                   .description = description,
                   .inputs = std::move(inputs),
                   .outputs = {std::move(output)},
                   .is_core = false,
                   .run = run});
}

void add_hook_makers(NodeTypes& types) {
  constexpr const char* kCategory = "advanced/hooks/create";
  const OutputSpec hooks{"HOOKS", "HOOKS"};
  add_hook_node(types, "CreateHookLora", "Create Hook LoRA", kCategory,
                "An adapter that holds for some prompts alone.",
                {file("lora_name", "loras"), hook_strength("strength_model"),
                 hook_strength("strength_clip"), previous_hooks()},
                hooks, hook_adapter);
  add_hook_node(types, "CreateHookLoraModelOnly", "Create Hook LoRA (MO)", kCategory,
                "The same for the diffusion model alone.",
                {file("lora_name", "loras"), hook_strength("strength_model"), previous_hooks()},
                hooks, hook_adapter);
  add_hook_node(types, "CreateHookModelAsLora", "Create Hook Model as LoRA", kCategory,
                "Another checkpoint as far as `strength`, for some prompts alone.",
                {file("ckpt_name", "checkpoints"), hook_strength("strength_model"),
                 hook_strength("strength_clip"), previous_hooks()},
                hooks, hook_checkpoint);
  add_hook_node(
      types, "CreateHookModelAsLoraModelOnly", "Create Hook Model as LoRA (MO)", kCategory,
      "The same for the diffusion model alone.",
      {file("ckpt_name", "checkpoints"), hook_strength("strength_model"), previous_hooks()}, hooks,
      hook_checkpoint);
}

void add_keyframe_nodes(NodeTypes& types) {
  constexpr const char* kCategory = "advanced/hooks/scheduling";
  const OutputSpec keyframes{"HOOK_KEYFRAMES", "HOOK_KF"};
  add_hook_node(types, "SetHookKeyframes", "Set Hook Keyframes", kCategory,
                "Hooks whose strength changes on the way.",
                {link("hooks", "HOOKS"), link("hook_kf", "HOOK_KEYFRAMES").optional()},
                {"HOOKS", "HOOKS"}, set_keyframes);
  add_hook_node(types, "CreateHookKeyframe", "Create Hook Keyframe", kCategory,
                "From a place on the way from noise to picture on, hooks are so much as strong.",
                {real("strength_mult", 1.0, -20.0, 20.0, 0.01), place_input("start_percent", 0.0),
                 previous_keyframes_input()},
                keyframes, create_keyframe);
  add_hook_node(
      types, "CreateHookKeyframesInterpolated", "Create Hook Keyframes Interp.", kCategory,
      "Several keyframes from one strength to another.",
      {real("strength_start", 1.0, 0.0, 10.0, 0.001), real("strength_end", 1.0, 0.0, 10.0, 0.001),
       choice("interpolation", {"linear", "ease_in", "ease_out", "ease_in_out"}),
       place_input("start_percent", 0.0), place_input("end_percent", 1.0),
       integer("keyframes_count", 5, 2, 100), boolean("print_keyframes", false),
       previous_keyframes_input()},
      keyframes, interpolate_keyframes);
}

void add_combining_nodes(NodeTypes& types) {
  const std::string letters = "ABCDEFGH";
  for (const size_t count : {size_t{2}, size_t{4}, size_t{8}}) {
    std::vector<InputSpec> inputs;
    for (const char letter : letters.substr(0, count)) {
      inputs.push_back(link(std::string("hooks_") + letter, "HOOKS").optional());
    }
    const std::string number = std::to_string(count);
    add_hook_node(types, ("CombineHooks" + number).c_str(),
                  ("Combine Hooks [" + number + "]").c_str(), "advanced/hooks/combine",
                  "Several hooks as one.", std::move(inputs), {"HOOKS", "HOOKS"}, combine_hooks);
  }
}

}  // namespace

void add_hook_nodes(NodeTypes& types) {
  add_hook_makers(types);
  add_keyframe_nodes(types);
  add_combining_nodes(types);
  add_hook_node(
      types, "SetClipHooks", "Set CLIP Hooks", "advanced/hooks/clip", "A text encoder with hooks.",
      {link("clip", "CLIP"),
       boolean("apply_to_conds", true).tip("The diffusion model gets them for its texts too."),
       boolean("schedule_clip", false)
           .tip("Encode a text anew for each strength that keyframes give."),
       link("hooks", "HOOKS").optional()},
      {"CLIP", "CLIP"}, set_clip_hooks);
}

}  // namespace zanime::nodes
