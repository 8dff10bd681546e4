// Nodes that save pictures. They are written as SaveImage writes them, with the graph, whatever
// format and text the pack would choose.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nodes/packs/pack_nodes.h"
#include "nodes/pictures/filename_prefix.h"
#include "nodes/text/python_text.h"

namespace zanime::nodes {
namespace {

void save_under(const std::string& prefix, const Image& image, NodeContext& context) {
  const std::string problem = check_filename_prefix(Arguments({{"filename_prefix", prefix}}));
  if (!problem.empty()) throw Error(ErrorKind::kGraph, problem);
  context.pictures.save(context.node_id, image, prefix, context.graph);
}

// A folder within the output folder; empty for others and for names that are filled in elsewhere.
std::string folder_within(const std::string& folder) {
  std::string portable = folder;
  std::replace(portable.begin(), portable.end(), '\\', '/');
  const std::filesystem::path path(portable);
  bool inside = path.is_relative() && portable.find_first_of("[]%") == std::string::npos;
  for (const auto& part : path) inside = inside && part != "..";
  while (inside && portable.ends_with('/')) portable.pop_back();
  return inside ? portable : "";
}

std::string in_folder(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

// Image Saver's words, where they say what is known here; the others become nothing.
std::string image_saver_name(std::string name) {
  constexpr const char* kDate = "%year%-%month%-%day%";
  constexpr const char* kTime = "%year%-%month%-%day%-%hour%%minute%%second%";
  std::string filled;
  for (size_t i = 0; i < name.size();) {
    if (name[i] != '%') {
      filled += name[i++];
      continue;
    }
    size_t end = i + 1;
    while (end < name.size() && ((name[end] >= 'a' && name[end] <= 'z') || name[end] == '_')) ++end;
    // An underscore at the end belongs to what follows.
    while (end > i + 1 && name[end - 1] == '_') --end;
    const std::string word = name.substr(i + 1, end - i - 1);
    if (word == "date") filled += kDate;
    if (word == "time") filled += kTime;
    if (word == "width" || word == "height") filled += "%" + word + "%";
    i = end;
  }
  while (filled.ends_with('_')) filled.pop_back();
  return filled.empty() ? "ComfyUI" : filled;
}

std::vector<Value> save_with_prefix(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  save_under(arguments.text("filename_prefix"), image, context);
  return {image};
}

std::vector<Value> save_image_saver(const Arguments& arguments, NodeContext& context) {
  save_under(in_folder(folder_within(arguments.text("path")),
                       image_saver_name(arguments.text("filename"))),
             arguments.get<Image>("images"), context);
  return {"", ""};
}

std::vector<Value> save_was(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  save_under(
      in_folder(folder_within(arguments.text("output_path")), arguments.text("filename_prefix")),
      image, context);
  return {image, ""};
}

NodeType saver(const std::string& pack, const std::string& class_name,
               std::vector<InputSpec> inputs, std::vector<OutputSpec> outputs, NodeFunction run) {
  NodeType type = pack_node(pack, class_name, "Writes pictures as PNG files that carry this graph.",
                            std::move(inputs), std::move(outputs), std::move(run));
  type.is_output = true;
  type.saves_pictures = true;
  type.check = check_filename_prefix;
  return type;
}

InputSpec saved_pictures() { return link("images", "IMAGE"); }
InputSpec prefix_input(const char* otherwise = "ComfyUI") {
  return text("filename_prefix", otherwise);
}
InputSpec yes_or_no(const char* name, bool is_yes) {
  return is_yes ? choice(name, {"true", "false"}) : choice(name, {"false", "true"});
}

std::vector<InputSpec> image_saver_inputs() {
  return {saved_pictures(), text("filename", "%time_%basemodelname_%seed"), text("path"),
          choice("extension", {"png", "jpeg", "jpg", "webp"})};
}

void add_image_savers(NodeTypes& types) {
  const std::string pack = "ComfyUI-Image-Saver";
  const std::vector<OutputSpec> outputs{{"STRING", "hashes"}, {"STRING", "a1111_params"}};
  std::vector<InputSpec> simple = image_saver_inputs();
  for (InputSpec input :
       {boolean("lossless_webp", true), integer("quality_jpeg_or_webp", 100, 1, 100),
        boolean("optimize_png", false), boolean("embed_workflow", true),
        boolean("save_workflow_as_json", false), slot("metadata"),
        integer("counter", 0, 0, std::numeric_limits<uint64_t>::max()).optional(),
        text("time_format", "%Y-%m-%d-%H%M%S").optional(),
        boolean("show_preview", true).optional()}) {
    simple.push_back(std::move(input));
  }
  types.push_back(saver(pack, "Image Saver Simple", std::move(simple), outputs, save_image_saver));

  // What only goes into the pack's own text is taken in whatever type it has.
  std::vector<InputSpec> full = image_saver_inputs();
  for (const char* name : {"steps",
                           "cfg",
                           "modelname",
                           "sampler_name",
                           "scheduler_name",
                           "positive",
                           "negative",
                           "seed_value",
                           "width",
                           "height",
                           "lossless_webp",
                           "quality_jpeg_or_webp",
                           "optimize_png",
                           "counter",
                           "denoise",
                           "clip_skip",
                           "time_format",
                           "save_workflow_as_json",
                           "embed_workflow",
                           "additional_hashes",
                           "download_civitai_data",
                           "easy_remix",
                           "show_preview",
                           "custom"}) {
    full.push_back(slot(name));
  }
  types.push_back(saver(pack, "Image Saver", std::move(full), outputs, save_image_saver));

  std::vector<InputSpec> metadata;
  for (const char* name : {"modelname", "positive", "negative", "width", "height", "seed_value",
                           "steps", "cfg", "sampler_name", "scheduler_name", "denoise", "clip_skip",
                           "additional_hashes", "download_civitai_data", "easy_remix", "custom"}) {
    metadata.push_back(slot(name));
  }
  types.push_back(
      pack_node(pack, "Image Saver Metadata",
                "What Image Saver writes beside a picture; nothing here.", std::move(metadata),
                {{"METADATA", "metadata"}, {"STRING", "hashes"}, {"STRING", "a1111_params"}},
                [](const Arguments&, NodeContext&) -> std::vector<Value> {
                  return {"", "", ""};
                }));
}

}  // namespace

void add_pack_saver_nodes(NodeTypes& types) {
  const std::vector<OutputSpec> handed_on{{"IMAGE", "images"}};
  add_image_savers(types);
  types.push_back(saver(
      "ComfyUI-ZImagePowerNodes", "SaveImage //ZImagePowerNodes",
      {saved_pictures(), prefix_input("ZImage"), boolean("civitai_compatible_metadata", true)}, {},
      save_with_prefix));
  types.push_back(
      saver("ComfyUI-Lora-Manager", "Save Image (LoraManager)",
            {saved_pictures(), prefix_input(), choice("file_format", {"png", "jpeg", "webp"}),
             boolean("lossless_webp", false).optional(), integer("quality", 100, 1, 100).optional(),
             slot("webp_method"), slot("jpeg_subsampling"),
             boolean("embed_workflow", false).optional(), slot("save_with_metadata"),
             slot("add_loras_to_prompt"), boolean("add_counter_to_filename", true).optional(),
             boolean("save_as_recipe", false).optional()},
            handed_on, save_with_prefix));
  types.push_back(
      saver("was-node-suite-comfyui", "Image Save",
            {saved_pictures(), text("output_path"), prefix_input(), text("filename_delimiter", "_"),
             integer("filename_number_padding", 4, 1, 9), yes_or_no("filename_number_start", false),
             choice("extension", {"png", "jpg", "jpeg", "gif", "tiff", "webp", "bmp"}),
             integer("dpi", 300, 1, 2400), integer("quality", 100, 1, 100),
             yes_or_no("optimize_image", true), yes_or_no("lossless_webp", false),
             choice("overwrite_mode", {"false", "prefix_as_filename"}),
             yes_or_no("show_history", false), yes_or_no("show_history_by_prefix", true),
             yes_or_no("embed_workflow", true), yes_or_no("show_previews", true)},
            {{"IMAGE", "images"}, {"STRING", "files"}}, save_was));
  // ComfyUI's own, which sends pictures to the program that asked for them.
  types.push_back(saver("websocket_image_save", "SaveImageWebsocket", {saved_pictures()}, {},
                        [](const Arguments& arguments, NodeContext& context) -> std::vector<Value> {
                          save_under("ComfyUI", arguments.get<Image>("images"), context);
                          return {};
                        }));
}

}  // namespace zanime::nodes
