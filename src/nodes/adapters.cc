// LoraLoader and LoraLoaderModelOnly: networks with an adapter's changes.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "checkpoints/adapters/adapter.h"
#include "nodes/core_nodes.h"

namespace zanime::nodes {
namespace {

using checkpoints::AdapterMode;

// A network is made anew over the same file: a change is applied while a weight is used, and so
// another strength costs nothing.
template <typename Network>
void adapt(std::shared_ptr<const Network>& network, const checkpoints::Adapter& adapter,
           checkpoints::ModelFamily family, double strength, checkpoints::AdapterMode mode,
           checkpoints::Adapter::Use& use) {
  checkpoints::ModelWeights changed =
      adapter.applied_to(network->weights(), family, strength, use, mode);
  if (strength != 0.0) network = std::make_shared<const Network>(std::move(changed));
}

checkpoints::Adapter open_adapter(const Arguments& arguments, NodeContext& context) {
  return checkpoints::Adapter::open(context.files.find("loras", arguments.text("lora_name")));
}

template <checkpoints::AdapterMode mode>
std::vector<Value> load_lora(const Arguments& arguments, NodeContext& context) {
  Model model = arguments.get<Model>("model");
  Clip clip = arguments.get<Clip>("clip");
  const double model_strength = arguments.real("strength_model");
  const double clip_strength = arguments.real("strength_clip");
  if (model_strength != 0.0 || clip_strength != 0.0) {
    const checkpoints::Adapter adapter = open_adapter(arguments, context);
    checkpoints::Adapter::Use use;
    adapt(model.network, adapter, checkpoints::ModelFamily::kZImage, model_strength, mode, use);
    adapt(clip.encoder, adapter, checkpoints::ModelFamily::kQwen3, clip_strength, mode, use);
    adapter.check_used(use, /*with_text_encoder=*/true);
  }
  return {std::move(model), std::move(clip)};
}

template <checkpoints::AdapterMode mode>
std::vector<Value> load_lora_for_model(const Arguments& arguments, NodeContext& context) {
  Model model = arguments.get<Model>("model");
  const double strength = arguments.real("strength_model");
  if (strength != 0.0) {
    const checkpoints::Adapter adapter = open_adapter(arguments, context);
    checkpoints::Adapter::Use use;
    adapt(model.network, adapter, checkpoints::ModelFamily::kZImage, strength, mode, use);
    adapter.check_used(use, /*with_text_encoder=*/false);
  }
  return {std::move(model)};
}

InputSpec strength_input(const char* name, const char* tip) {
  return real(name, 1.0, -100.0, 100.0, 0.01).tip(tip);
}

// The same loader with adapters that run beside the weights.
void add_bypass(NodeTypes& types, const std::string& loader, const char* class_name,
                const char* display_name, NodeFunction run) {
  NodeType bypass = *std::find_if(types.begin(), types.end(),
                                  [&](const NodeType& type) { return type.class_name == loader; });
  bypass.class_name = class_name;
  bypass.display_name = display_name;
  bypass.description = "As " + loader +
                       ", but a layer has one such adapter at a time, and parts of layers none. "
                       "For comparisons with ComfyUI.";
  bypass.run = std::move(run);
  types.push_back(std::move(bypass));
}

}  // namespace

void add_adapter_nodes(NodeTypes& types) {
  const char* const model_tip = "How strongly to change the diffusion model; may be negative.";
  types.push_back({
      .class_name = "LoraLoader",
      .display_name = "Load LoRA (Model and CLIP)",
      .category = "loaders",
      .description = "Changes a diffusion model and a text encoder by an adapter: LoRA, LoHa, "
                     "LoKr, GLoRA, DoRA, OFT or BOFT. Several can follow one another.",
      .inputs = {link("model", "MODEL").tip("The diffusion model."),
                 link("clip", "CLIP").tip("The text encoder."),
                 file("lora_name", "loras").tip("The adapter."),
                 strength_input("strength_model", model_tip),
                 strength_input("strength_clip",
                                "How strongly to change the text encoder; may be negative.")},
      .outputs = {{"MODEL", "MODEL"}, {"CLIP", "CLIP"}},
      .is_core = false,
      .run = load_lora<AdapterMode::kWeights>,
  });
  types.push_back({
      .class_name = "LoraLoaderModelOnly",
      .display_name = "Load LoRA",
      .category = "loaders",
      .description = "Changes a diffusion model by an adapter: LoRA, LoHa, LoKr, GLoRA, "
                     "DoRA, OFT or BOFT. Several "
                     "can follow one another.",
      .inputs = {link("model", "MODEL").tip("The diffusion model."),
                 file("lora_name", "loras").tip("The adapter."),
                 strength_input("strength_model", model_tip)},
      .outputs = {{"MODEL", "MODEL"}},
      .is_core = false,
      .run = load_lora_for_model<AdapterMode::kWeights>,
  });
  add_bypass(types, "LoraLoader", "LoraLoaderBypass", "Load LoRA (Bypass) (For debugging)",
             load_lora<AdapterMode::kBypass>);
  add_bypass(types, "LoraLoaderModelOnly", "LoraLoaderBypassModelOnly",
             "Load LoRA (Bypass, Model Only) (For debugging)",
             load_lora_for_model<AdapterMode::kBypass>);
}

}  // namespace zanime::nodes
