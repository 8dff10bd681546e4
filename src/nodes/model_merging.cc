// ModelMerge…, CLIPMerge…: networks made of two others, weight by weight while they are used.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/merge.h"
#include "nodes/core_nodes.h"

namespace zanime::nodes {
namespace {

std::vector<Value> merge_models(const Arguments& arguments, double of_first, double of_second) {
  Model model = arguments.get<Model>("model1");
  model.network = std::make_shared<const models::NextDit>(
      checkpoints::merged(model.network->weights(),
                          arguments.get<Model>("model2").network->weights(), of_first, of_second));
  return {std::move(model)};
}

std::vector<Value> merge_clips(const Arguments& arguments, double of_first, double of_second) {
  Clip clip = arguments.get<Clip>("clip1");
  clip.encoder = std::make_shared<const models::Qwen3TextEncoder>(
      checkpoints::merged(clip.encoder->weights(), arguments.get<Clip>("clip2").encoder->weights(),
                          of_first, of_second));
  return {std::move(clip)};
}

using Merge = std::vector<Value> (*)(const Arguments&, double, double);

// Between the two, at the share of the first that input `name` gives.
template <Merge merge>
NodeFunction between(const char* name) {
  return [name](const Arguments& arguments, NodeContext&) {
    const double ratio = arguments.real(name);
    return merge(arguments, ratio, 1.0 - ratio);
  };
}
template <Merge merge>
std::vector<Value> add(const Arguments& arguments, NodeContext&) {
  return merge(arguments, 1.0, 1.0);
}
template <Merge merge>
std::vector<Value> subtract(const Arguments& arguments, NodeContext&) {
  const double multiplier = arguments.real("multiplier");
  return merge(arguments, multiplier, -multiplier);
}

InputSpec share_input(const char* name) { return real(name, 1.0, 0.0, 1.0, 0.01); }
InputSpec multiplier_input() { return real("multiplier", 1.0, -10.0, 10.0, 0.01); }

void add_merge(NodeTypes& types, const char* class_name, const char* display_name,
               const char* description, bool is_clip, std::vector<InputSpec> more,
               NodeFunction run) {
  const std::string type = is_clip ? "CLIP" : "MODEL", stem = is_clip ? "clip" : "model";
  types.push_back({.class_name = class_name,
                   .display_name = display_name,
                   .category = "model/merging",
                   .description = description,
                   .inputs = std::vector{link(stem + "1", type), link(stem + "2", type)} + more,
                   .outputs = {{type, type}},
                   .is_core = false,
                   .run = std::move(run)});
}

}  // namespace

void add_model_merging_nodes(NodeTypes& types) {
  const InputSpec ratio = share_input("ratio").tip("1 is the first alone, 0 the second.");
  add_merge(types, "ModelMergeSimple", "ModelMergeSimple", "Between two diffusion models.", false,
            {ratio}, between<merge_models>("ratio"));
  add_merge(types, "ModelMergeBlocks", "ModelMergeBlocks",
            "Between two diffusion models, at a share for each group of blocks. In Z-Image all "
            "blocks are of the group `input`.",
            false, {share_input("input"), share_input("middle"), share_input("out")},
            between<merge_models>("input"));
  add_merge(types, "ModelMergeAdd", "ModelMergeAdd", "The sum of two diffusion models.", false, {},
            add<merge_models>);
  add_merge(types, "ModelMergeSubtract", "ModelMergeSubtract",
            "The difference of two diffusion models, times `multiplier`.", false,
            {multiplier_input()}, subtract<merge_models>);
  add_merge(types, "CLIPMergeSimple", "CLIPMergeSimple", "Between two text encoders.", true,
            {ratio}, between<merge_clips>("ratio"));
  add_merge(types, "CLIPMergeAdd", "CLIPMergeAdd", "The sum of two text encoders.", true, {},
            add<merge_clips>);
  add_merge(types, "CLIPMergeSubtract", "CLIPMergeSubtract",
            "The difference of two text encoders, times `multiplier`.", true, {multiplier_input()},
            subtract<merge_clips>);
}

}  // namespace zanime::nodes
