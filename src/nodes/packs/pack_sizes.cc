// Sizes of pictures, and empty latents of named sizes.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text/quoted.h"
#include "nodes/common_inputs.h"
#include "nodes/packs/pack_nodes.h"

namespace zanime::nodes {
namespace {

constexpr int64_t kMostOfOneSize = 4096;
constexpr int64_t kMostLatentBytes = int64_t{1} << 30;

struct PictureSize {
  int64_t width = 0, height = 0;
};

// The last "WIDTHxHEIGHT" of a name, with ×, x or spaces around it.
PictureSize size_in(const std::string& name) {
  std::vector<int64_t> numbers;
  std::vector<size_t> ends;
  for (size_t i = 0; i < name.size();) {
    if (name[i] < '0' || name[i] > '9') {
      ++i;
      continue;
    }
    int64_t number = 0;
    while (i < name.size() && name[i] >= '0' && name[i] <= '9' && number < 1'000'000) {
      number = number * 10 + (name[i++] - '0');
    }
    // Two numbers belong together where nothing but a sign of multiplication is between them.
    const std::string_view between =
        ends.empty() ? "" : std::string_view(name).substr(ends.back(), i - ends.back());
    const bool is_pair =
        between.find('x') != std::string_view::npos || between.find("×") != std::string_view::npos;
    if (is_pair && between.find('(') == std::string_view::npos) {
      return {numbers.back(), number};
    }
    numbers.push_back(number);
    ends.push_back(i);
  }
  throw Error(ErrorKind::kGraph, text::quoted(name) + " names no size such as 1024x768");
}

Latent empty_latent_of(PictureSize size, int64_t batch, int64_t channels = 4) {
  const Shape shape{batch, channels, size.height / 8, size.width / 8};
  if (size.width < 8 || size.height < 8) {
    throw Error(ErrorKind::kGraph, "a picture of " + std::to_string(size.width) + " x " +
                                       std::to_string(size.height) + " pixels is too small");
  }
  if (shape.size() * static_cast<int64_t>(sizeof(float)) > kMostLatentBytes) {
    throw Error(ErrorKind::kResource,
                std::to_string(batch) + " pictures of " + std::to_string(size.width) + " x " +
                    std::to_string(size.height) + " are more than one run can hold");
  }
  return {Tensor::zeros(shape)};
}

// --- What a picture has

std::vector<Value> width_height_count(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  return {WideInt{pixels.dim(2)}, WideInt{pixels.dim(1)}, WideInt{pixels.dim(0)}};
}

void add_measures(NodeTypes& types) {
  const std::vector<OutputSpec> both{{"INT", "width"}, {"INT", "height"}};
  const std::vector<OutputSpec> all{{"INT", "width"}, {"INT", "height"}, {"INT", "count"}};
  const std::string description = "The size of pictures.";
  const auto two = [](const Arguments& arguments, NodeContext& context) {
    std::vector<Value> sizes = width_height_count(arguments, context);
    sizes.pop_back();
    return sizes;
  };
  types.push_back(pack_node("ComfyUI_essentials", "GetImageSize+", description,
                            {link("image", "IMAGE")}, all, width_height_count));
  types.push_back(pack_node("ComfyUI-Easy-Use", "easy imageSize", description,
                            {link("image", "IMAGE")}, both, two));
  types.push_back(pack_node("ComfyUI-Crystools", "Get resolution [Crystools]", description,
                            {link("image", "IMAGE")}, both, two));
  types.push_back(
      pack_node("ComfyUI-KJNodes", "GetImageSizeAndCount", description, {link("image", "IMAGE")},
                {{"IMAGE", "image"}, {"INT", "width"}, {"INT", "height"}, {"INT", "count"}},
                [](const Arguments& arguments, NodeContext& context) {
                  std::vector<Value> outputs = width_height_count(arguments, context);
                  outputs.insert(outputs.begin(), arguments.value("image"));
                  return outputs;
                }));
  types.push_back(
      pack_node("ComfyUI-Impact-Pack", "ImpactImageInfo", description, {link("value", "IMAGE")},
                {{"INT", "batch"}, {"INT", "height"}, {"INT", "width"}, {"INT", "channel"}},
                [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  const Tensor& pixels = arguments.get<Image>("value").pixels;
                  return {WideInt{pixels.dim(0)}, WideInt{pixels.dim(1)}, WideInt{pixels.dim(2)},
                          WideInt{pixels.dim(3)}};
                }));
  types.push_back(pack_node(
      "was-node-suite-comfyui", "Image Size to Number", description, {link("image", "IMAGE")},
      {{"*", "width_num"},
       {"*", "height_num"},
       {"FLOAT", "width_float"},
       {"FLOAT", "height_float"},
       {"INT", "width_int"},
       {"INT", "height_int"}},
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        const Tensor& pixels = arguments.get<Image>("image").pixels;
        const WideInt width = pixels.dim(2), height = pixels.dim(1);
        return {width, height, static_cast<double>(width), static_cast<double>(height),
                width, height};
      }));
}

// --- Comfyroll's lists of sizes

struct SizeOptions {
  const char* class_name;
  std::vector<std::string> options;
  bool has_prescale = true;
};

std::vector<SizeOptions> comfyroll_sizes() {
  const std::vector<std::string> large{
      "1:1 square 1024x1024",   "3:4 portrait 896x1152",   "5:8 portrait 832x1216",
      "9:16 portrait 768x1344", "9:21 portrait 640x1536",  "4:3 landscape 1152x896",
      "3:2 landscape 1216x832", "16:9 landscape 1344x768", "21:9 landscape 1536x640"};
  std::vector<std::string> all{"custom",
                               "SD1.5 - 1:1 square 512x512",
                               "SD1.5 - 2:3 portrait 512x768",
                               "SD1.5 - 3:4 portrait 512x682",
                               "SD1.5 - 3:2 landscape 768x512",
                               "SD1.5 - 4:3 landscape 682x512",
                               "SD1.5 - 16:9 cinema 910x512",
                               "SD1.5 - 1.85:1 cinema 952x512",
                               "SD1.5 - 2:1 cinema 1024x512"};
  std::vector<std::string> sdxl{"custom"};
  for (const std::string& name : large) {
    all.push_back("SDXL - " + name);
    sdxl.push_back(name);
  }
  const std::vector<std::string> media{"custom",
                                       "Instagram Portrait - 1080x1350",
                                       "Instagram Square - 1080x1080",
                                       "Instagram Landscape - 1080x608",
                                       "Instagram Stories/Reels - 1080x1920",
                                       "Facebook Landscape - 1080x1350",
                                       "Facebook Marketplace - 1200x1200",
                                       "Facebook Stories - 1080x1920",
                                       "TikTok - 1080x1920",
                                       "YouTube Banner - 2560×1440",
                                       "LinkedIn Profile Banner - 1584x396",
                                       "LinkedIn Page Cover - 1128x191",
                                       "LinkedIn Post - 1200x627",
                                       "Pinterest Pin Image - 1000x1500",
                                       "CivitAI Cover - 1600x400",
                                       "OpenArt App - 1500x1000"};
  return {{"CR Aspect Ratio", all},
          {"CR SDXL Aspect Ratio", sdxl, /*has_prescale=*/false},
          {"CR Aspect Ratio Social Media", media}};
}

std::vector<Value> comfyroll_size(const Arguments& arguments, bool has_prescale) {
  const std::string& name = arguments.text("aspect_ratio");
  PictureSize size = name == "custom"
                         ? PictureSize{arguments.integer("width"), arguments.integer("height")}
                         : size_in(name);
  // What the node gives, whatever its list says.
  if (name.starts_with("LinkedIn Page Cover")) size = {1584, 396};
  if (arguments.text("swap_dimensions") == "On") std::swap(size.width, size.height);
  const double factor = has_prescale ? arguments.real("prescale_factor") : 1.0;
  if (has_prescale) {
    size.width = static_cast<int64_t>(static_cast<double>(size.width) * factor);
    size.height = static_cast<int64_t>(static_cast<double>(size.height) * factor);
  }
  const int64_t batch = arguments.integer("batch_size");
  std::vector<Value> outputs{WideInt{size.width}, WideInt{size.height},
                             arguments.real("upscale_factor")};
  if (has_prescale) outputs.emplace_back(factor);
  outputs.emplace_back(WideInt{batch});
  outputs.emplace_back(empty_latent_of(size, batch));
  outputs.emplace_back("");
  return outputs;
}

void add_comfyroll_sizes(NodeTypes& types) {
  for (SizeOptions& sizes : comfyroll_sizes()) {
    std::vector<InputSpec> inputs{
        integer("width", 1024, 64, 8192), integer("height", 1024, 64, 8192),
        choice("aspect_ratio", std::move(sizes.options)), choice("swap_dimensions", {"Off", "On"}),
        real("upscale_factor", 1.0, 0.1, 100.0, 0.1)};
    std::vector<OutputSpec> outputs{
        {"INT", "width"}, {"INT", "height"}, {"FLOAT", "upscale_factor"}};
    if (sizes.has_prescale) {
      inputs.push_back(real("prescale_factor", 1.0, 0.1, 100.0, 0.1));
      outputs.push_back({"FLOAT", "prescale_factor"});
    }
    inputs.push_back(integer("batch_size", 1, 1, 64));
    outputs.push_back({"INT", "batch_size"});
    outputs.push_back({"LATENT", "empty_latent"});
    outputs.push_back({"STRING", "show_help"});
    const bool has_prescale = sizes.has_prescale;
    types.push_back(pack_node("ComfyUI_Comfyroll_CustomNodes", sizes.class_name,
                              "A size by its name, and an empty latent of it.", std::move(inputs),
                              std::move(outputs),
                              [has_prescale](const Arguments& arguments, NodeContext&) {
                                return comfyroll_size(arguments, has_prescale);
                              }));
  }
  types.push_back(pack_node(
      "ComfyUI_Comfyroll_CustomNodes", "CR Image Size", "A size.",
      {integer("width", 512, 64, 2048), integer("height", 512, 64, 2048),
       real("upscale_factor", 1.0, 1.0, 2000.0, 0.1)},
      {{"INT", "Width"}, {"INT", "Height"}, {"FLOAT", "upscale_factor"}, {"STRING", "show_help"}},
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {arguments.value("width"), arguments.value("height"),
                arguments.value("upscale_factor"), ""};
      }));
}

// --- Empty latents

std::vector<Value> latent_and_size(PictureSize size, int64_t batch) {
  return {empty_latent_of(size, batch), WideInt{size.width}, WideInt{size.height}};
}

std::vector<Value> named_latent(const Arguments& arguments, NodeContext&) {
  PictureSize size = size_in(arguments.text("dimensions"));
  if (arguments.get<bool>("invert")) std::swap(size.width, size.height);
  return latent_and_size(size, arguments.integer("batch_size"));
}

std::vector<Value> picked_latent(const Arguments& arguments, NodeContext&) {
  PictureSize size = size_in(arguments.text("resolution"));
  if (const int64_t width = arguments.integer("width_override"); width > 0) size.width = width;
  if (const int64_t height = arguments.integer("height_override"); height > 0) size.height = height;
  return latent_and_size(size, arguments.integer("batch_size"));
}

struct SidesOfRatio {
  std::string_view name;
  double width, height;  // of a landscape of the size `small`, before rounding down to 32
};
constexpr std::array<SidesOfRatio, 10> kSides{{{"1:1  (square)", 1024.0, 1024.0},
                                               {"4:3  (retro tv)", 1182.4, 886.8},
                                               {"3:2  (photo)", 1252.8, 837.0},
                                               {"16:10  (monitor)", 1295.3, 809.5},
                                               {"16:9  (widescreen)", 1365.3, 768.0},
                                               {"2:1  (univisium)", 1448.2, 724.0},
                                               {"21:9  (ultrawide)", 1564.2, 670.4},
                                               {"12:5  (anamorphic)", 1586.4, 661.0},
                                               {"70:27  (cinerama)", 1648.8, 636.0},
                                               {"32:9  (super wide)", 1930.9, 543.0}}};

std::vector<Value> latent_of_ratio(const Arguments& arguments, NodeContext&) {
  const std::string &ratio = arguments.text("ratio"), &scale = arguments.text("size");
  const auto sides = std::find_if(kSides.begin(), kSides.end(),
                                  [&](const SidesOfRatio& each) { return each.name == ratio; });
  const double factor = scale.starts_with("medium") ? 1.3 : scale == "large" ? 1.6 : 1.0;
  const auto in_grid = [&](double side) {
    return static_cast<int64_t>(std::floor(side * factor / 32.0)) * 32;
  };
  PictureSize size = sides == kSides.end()
                         ? PictureSize{in_grid(1024.0), in_grid(1024.0)}
                         : PictureSize{in_grid(sides->width), in_grid(sides->height)};
  if (!arguments.get<bool>("landscape")) std::swap(size.width, size.height);
  return {empty_latent_of(size, arguments.integer("batch_size"), 16)};
}

void add_named_latents(NodeTypes& types) {
  const std::vector<OutputSpec> outputs{{"LATENT", "LATENT"}, {"INT", "width"}, {"INT", "height"}};
  const std::string description = "An empty latent of a named size.";
  const InputSpec batch = integer("batch_size", 1, 1, kMostOfOneSize);
  types.push_back(pack_node(
      "ComfyUI-KJNodes", "EmptyLatentImagePresets", description,
      {choice("dimensions",
              {"512 x 512 (1:1)", "768 x 512 (1.5:1)", "960 x 512 (1.875:1)", "1024 x 512 (2:1)",
               "1024 x 576 (1.778:1)", "1536 x 640 (2.4:1)", "1344 x 768 (1.75:1)",
               "1216 x 832 (1.46:1)", "1152 x 896 (1.286:1)", "1024 x 1024 (1:1)"}),
       boolean("invert", false), batch},
      outputs, named_latent));
  types.push_back(pack_node("ComfyUI-KJNodes", "EmptyLatentImageCustomPresets", description,
                            {text("dimensions"), boolean("invert", false), batch}, outputs,
                            named_latent));
  types.push_back(pack_node("ComfyUI_essentials", "SDXLEmptyLatentSizePicker+", description,
                            {text("resolution", "1024x1024 (1.0)"), batch,
                             integer("width_override", 0, 0, kMaxResolution, 8),
                             integer("height_override", 0, 0, kMaxResolution, 8)},
                            outputs, picked_latent));
  types.push_back(
      pack_node("rgthree-comfy", "SDXL Empty Latent Image (rgthree)", description,
                {text("dimensions", "1024 x 1024  (square)"),
                 real("clip_scale", 2.0, 1.0, 10.0, 0.5), integer("batch_size", 1, 1, 64)},
                {{"LATENT", "LATENT"}, {"INT", "CLIP_WIDTH"}, {"INT", "CLIP_HEIGHT"}},
                [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  const PictureSize size = size_in(arguments.text("dimensions"));
                  const double scale = arguments.real("clip_scale");
                  return {empty_latent_of(size, arguments.integer("batch_size")),
                          to_whole(static_cast<double>(size.width) * scale),
                          to_whole(static_cast<double>(size.height) * scale)};
                }));
  std::vector<std::string> ratios;
  for (const SidesOfRatio& sides : kSides) ratios.emplace_back(sides.name);
  types.push_back(pack_node(
      "ComfyUI-ZImagePowerNodes", "EmptyZImageLatentImage //ZImagePowerNodes", description,
      {boolean("landscape", false), choice("ratio", std::move(ratios), "3:2  (photo)"),
       choice("size", {"small", "medium (recommended)", "large"}, "medium (recommended)"), batch},
      {{"LATENT", "LATENT"}}, latent_of_ratio));
}

}  // namespace

void add_pack_size_nodes(NodeTypes& types) {
  add_measures(types);
  add_comfyroll_sizes(types);
  add_named_latents(types);
}

}  // namespace zanime::nodes
