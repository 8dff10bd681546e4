// Loaders of other packs. Each does what one of the plain loaders does; what they say about devices
// and number types counts for nothing here.
#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nodes/packs/pack_nodes.h"

namespace zanime::nodes {
namespace {

const NodeType& loader_called(const NodeTypes& types, const std::string& class_name) {
  const auto found = std::find_if(types.begin(), types.end(), [&](const NodeType& type) {
    return type.class_name == class_name;
  });
  if (found == types.end()) throw Error(ErrorKind::kInternal, "there is no loader " + class_name);
  return *found;
}

NodeType like(const NodeTypes& types, const std::string& model, const std::string& pack,
              const std::string& class_name, std::vector<InputSpec> further = {}) {
  NodeType type = loader_called(types, model);
  type.class_name = type.display_name = class_name;
  type.category = "packs/" + pack;
  type.is_core = false;
  for (InputSpec& input : further) type.inputs.push_back(std::move(input));
  return type;
}

// A loader that gives the file's name behind what it opens.
NodeType with_name(NodeType type, const std::string& input) {
  type.outputs.push_back({"STRING", "filename"});
  type.run = [run = std::move(type.run), input](const Arguments& arguments, NodeContext& context) {
    std::vector<Value> outputs = run(arguments, context);
    outputs.emplace_back(arguments.text(input));
    return outputs;
  };
  return type;
}

// The same loader whose file is called `gguf_name`.
NodeType with_gguf_name(NodeType type, const std::string& input) {
  for (InputSpec& each : type.inputs) {
    if (each.name == input) each.name = "gguf_name";
  }
  type.run = [run = std::move(type.run), input](const Arguments& arguments, NodeContext& context) {
    return run(Arguments({{input, arguments.value("gguf_name")}}), context);
  };
  return type;
}

std::vector<InputSpec> gguf_types() {
  const std::vector<std::string> types{"default", "target", "float32", "float16", "bfloat16"};
  return {choice("dequant_dtype", types), choice("patch_dtype", types),
          boolean("patch_on_device", false)};
}

}  // namespace

void add_pack_loader_nodes(NodeTypes& types) {
  const std::string saver = "ComfyUI-Image-Saver", gpus = "ComfyUI-MultiGPU",
                    kj = "ComfyUI-KJNodes", gguf = "gguf";
  NodeTypes made;
  made.push_back(with_name(like(types, "UNETLoader", saver, "UNet loader with Name (Image Saver)"),
                           "unet_name"));
  made.push_back(with_name(
      like(types, "CheckpointLoaderSimple", saver, "Checkpoint Loader with Name (Image Saver)"),
      "ckpt_name"));
  made.push_back(
      like(types, "UnetLoaderGGUF", "ComfyUI-GGUF", "UnetLoaderGGUFAdvanced", gguf_types()));
  made.push_back(with_gguf_name(like(types, "UnetLoaderGGUF", gguf, "LoaderGGUF"), "unet_name"));
  made.push_back(with_gguf_name(
      like(types, "UnetLoaderGGUF", gguf, "LoaderGGUFAdvanced", gguf_types()), "unet_name"));
  made.push_back(like(types, "CLIPLoaderGGUF", gguf, "ClipLoaderGGUF",
                      {choice("device", {"default", "cpu"}).optional()}));
  made.push_back(like(types, "VAELoader", gguf, "VaeGGUF"));

  NodeType kj_loader = like(types, "UNETLoader", kj, "DiffusionModelLoaderKJ");
  kj_loader.inputs = {file("model_name", "diffusion_models"),
                      choice("weight_dtype", {"default", "fp8_e4m3fn", "fp8_e4m3fn_fast",
                                              "fp8_e5m2", "fp16", "bf16", "fp32"}),
                      choice("compute_dtype", {"default", "fp16", "bf16", "fp32"}),
                      boolean("patch_cublaslinear", false),
                      slot("sage_attention"),
                      boolean("enable_fp16_accumulation", false)};
  kj_loader.run = [run = std::move(kj_loader.run)](const Arguments& arguments,
                                                   NodeContext& context) {
    return run(Arguments({{"unet_name", arguments.value("model_name")},
                          {"weight_dtype", arguments.value("weight_dtype")}}),
               context);
  };
  made.push_back(std::move(kj_loader));

  // Which graphics card to use, and how much of the model to leave elsewhere.
  for (const char* ending : {"MultiGPU", "DisTorch2MultiGPU"}) {
    for (const char* model : {"UNETLoader", "VAELoader", "CLIPLoader", "CheckpointLoaderSimple",
                              "UnetLoaderGGUF", "CLIPLoaderGGUF"}) {
      NodeType type = like(types, model, gpus, std::string(model) + ending);
      std::erase_if(type.inputs, [](const InputSpec& input) { return input.name == "device"; });
      for (const char* name : {"device", "compute_device", "virtual_vram_gb", "donor_device",
                               "expert_mode_allocations", "eject_models"}) {
        type.inputs.push_back(slot(name));
      }
      made.push_back(std::move(type));
    }
  }
  for (NodeType& type : made) types.push_back(std::move(type));
}

}  // namespace zanime::nodes
