// ModelPatchLoader, ZImageFunControlnet and QwenImageDiffsynthControlnet: a control branch beside
// the diffusion model.
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "checkpoints/open_model.h"
#include "models/control_branch.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/picture_tensors.h"
#include "nodes/sampling/control_hint.h"

namespace zanime::nodes {
namespace {

std::vector<Value> load_model_patch(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("model_patches", arguments.text("name"));
  return {ControlNet{std::make_shared<const models::ControlBranch>(
      checkpoints::open_model_weights(path, checkpoints::ModelFamily::kZImageControl))}};
}

void check_branch_width(const models::ControlBranch& branch, const models::NextDit& network) {
  const models::NextDitConfig& config = network.config();
  const checkpoints::ControlSpec& spec = branch.spec();
  if (spec.dim == config.dim && spec.head_dim == config.head_dim) return;
  throw Error(ErrorKind::kGraph,
              "the control file is for a model of width " + std::to_string(spec.dim) +
                  " with heads of " + std::to_string(spec.head_dim) + ", and this one has width " +
                  std::to_string(config.dim) + " with heads of " + std::to_string(config.head_dim) +
                  ": use the one that was made for the model");
}

Tensor optional_picture(const Arguments& arguments, const char* name) {
  if (!arguments.has(name)) return {};
  return with_channels(arguments.get<Image>(name).pixels, 3);
}

std::vector<Value> apply_control(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  const auto& branch = arguments.get<ControlNet>("model_patch").branch;
  check_branch_width(*branch, *model.network);
  ControlPictures pictures;
  pictures.control = optional_picture(arguments, "image");
  pictures.inpaint = optional_picture(arguments, "inpaint_image");
  if (arguments.has("mask")) pictures.mask = arguments.get<Mask>("mask").values;
  model.controls.push_back(
      std::make_shared<const ControlHint>(branch, arguments.get<Vae>("vae"), std::move(pictures),
                                          static_cast<float>(arguments.real("strength"))));
  return {std::move(model)};
}

InputSpec control_strength_input() {
  return real("strength", 1.0, -10.0, 10.0, 0.01)
      .tip("How strongly the branch changes the picture; 0: not at all.");
}

}  // namespace

void add_control_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ModelPatchLoader",
      .display_name = "Load Model Patch",
      .category = "model/loaders",
      .description = "Opens a control branch: Z-Image Fun ControlNet Union.",
      .inputs = {file("name", "model_patches")},
      .outputs = {{"MODEL_PATCH", "MODEL_PATCH"}},
      .run = load_model_patch,
  });
  types.push_back({
      .class_name = "ZImageFunControlnet",
      .display_name = "Apply Z-Image Fun ControlNet",
      .category = "model/patch/z-image",
      .description = "Lets a picture of edges, depth or a pose, or one to inpaint, guide what the "
                     "model draws.",
      .inputs = {link("model", "MODEL"), link("model_patch", "MODEL_PATCH"), link("vae", "VAE"),
                 control_strength_input(),
                 link("image", "IMAGE").tip("Edges, a depth or a pose.").optional(),
                 link("inpaint_image", "IMAGE")
                     .tip("What is there outside the mask; only versions 2 look at it.")
                     .optional(),
                 link("mask", "MASK").tip("1 where the picture is made anew.").optional()},
      .outputs = {{"MODEL", "MODEL"}},
      .run = apply_control,
  });
  types.push_back({
      .class_name = "QwenImageDiffsynthControlnet",
      .display_name = "Apply Qwen Image DiffSynth ControlNet",
      .category = "model/patch/qwen",
      .description = "ZImageFunControlnet without a picture to inpaint, as older graphs have it.",
      .inputs = {link("model", "MODEL"), link("model_patch", "MODEL_PATCH"), link("vae", "VAE"),
                 link("image", "IMAGE"), control_strength_input(), link("mask", "MASK").optional()},
      .outputs = {{"MODEL", "MODEL"}},
      .run = apply_control,
  });
}

}  // namespace zanime::nodes
