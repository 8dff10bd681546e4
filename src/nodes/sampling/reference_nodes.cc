// ReferenceLatent and TextEncodeZImageOmni: conditionings with pictures that the network sees
// beside the one it makes.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "models/tokenizer.h"
#include "nodes/core_nodes.h"
#include "nodes/sampling/text_conditioning.h"
#include "nodes/vae_picture.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

using Template = models::Tokenizer::Template;

// What Z-Image Omni's prompts look like: the pictures stand between the first texts and the prompt.
constexpr Template kOmniPrompt{"<|vision_end|>",
                               "<|im_end|>\n<|im_start|>assistant\n<|vision_start|>"};
constexpr const char* kBeforeFirst = "<|im_start|>user\n<|vision_start|>";
constexpr const char* kBeforeNext = "<|vision_end|><|vision_start|>";
constexpr const char* kBehindPrompt = "<|vision_end|><|im_end|>";

std::vector<Value> add_reference(const Arguments& arguments, NodeContext&) {
  Conditioning conditioning = arguments.get<Conditioning>("conditioning");
  if (arguments.has("latent")) {
    for (ConditioningEntry& entry : conditioning) {
      entry.reference_latents.push_back(arguments.get<Latent>("latent").samples);
    }
  }
  return {std::move(conditioning)};
}

// The picture with about a megapixel and sides that are multiples of 8.
Tensor at_one_megapixel(const Tensor& pixels) {
  constexpr double kPixels = 1024.0 * 1024.0;
  const auto height = static_cast<double>(pixels.dim(1)),
             width = static_cast<double>(pixels.dim(2));
  const double factor = std::sqrt(kPixels / (height * width));
  const auto side = [&](double length) {
    return std::max<int64_t>(8, pictures::round_half_even(length * factor / 8.0) * 8);
  };
  return pictures::resize_pixels(pixels, side(height), side(width), pictures::ResizeMethod::kArea);
}

std::vector<Value> encode_omni(const Arguments& arguments, NodeContext& context) {
  std::vector<const Image*> images;
  for (const char* name : {"image1", "image2", "image3"}) {
    if (arguments.has(name)) images.push_back(&arguments.get<Image>(name));
  }
  const Clip& clip = arguments.get<Clip>("clip");
  const auto encode = [&](const std::string& text, const Template& around) {
    return encode_tokens(clip, models::Tokenizer::qwen2().encode_prompt(text, nullptr, around),
                         context);
  };
  std::vector<Tensor> latents;
  if (arguments.has("vae")) {
    const Vae& vae = arguments.get<Vae>("vae");
    for (const Image* image : images) {
      const Tensor pixels = arguments.get<bool>("auto_resize_images")
                                ? at_one_megapixel(image->pixels)
                                : image->pixels;
      latents.push_back(
          encoder_of(vae).encode(crop_to_latent_size(pixels), context.backend, context.cancel));
    }
  }
  const std::string& prompt = arguments.text("prompt");
  if (images.empty()) return {encode(prompt, models::Tokenizer::kPrompt)};
  Conditioning conditioning = encode(prompt, kOmniPrompt);
  std::vector<Tensor> texts;
  for (size_t i = 0; i <= images.size(); ++i) {
    const char* text = i == 0 ? kBeforeFirst : i < images.size() ? kBeforeNext : kBehindPrompt;
    texts.push_back(encode(text, {"", ""}).front().tokens);
  }
  for (ConditioningEntry& entry : conditioning) {
    entry.reference_latents = latents;
    entry.reference_texts = texts;
  }
  return {std::move(conditioning)};
}

}  // namespace

void add_reference_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ReferenceLatent",
      .display_name = "ReferenceLatent",
      .category = "model/conditioning/edit_models",
      .description =
          "Shows an edit model a picture beside the one it makes. Several can follow one "
          "another.",
      .inputs = {link("conditioning", "CONDITIONING"), link("latent", "LATENT").optional()},
      .outputs = {{"CONDITIONING", "CONDITIONING"}},
      .is_core = false,
      .run = add_reference,
  });
  types.push_back({
      .class_name = "TextEncodeZImageOmni",
      .display_name = "TextEncodeZImageOmni",
      .category = "model/conditioning/z_image",
      .description = "Encodes a prompt with up to three pictures for Z-Image Omni.",
      .inputs = {link("clip", "CLIP"),
                 link("image_encoder", "CLIP_VISION")
                     .tip("Not used: this program has no encoder of pictures.")
                     .optional(),
                 multiline_text("prompt"),
                 boolean("auto_resize_images", true).tip("To about a megapixel."),
                 link("vae", "VAE").optional(), link("image1", "IMAGE").optional(),
                 link("image2", "IMAGE").optional(), link("image3", "IMAGE").optional()},
      .outputs = {{"CONDITIONING", "CONDITIONING"}},
      .is_core = false,
      .run = encode_omni,
  });
}

}  // namespace zanime::nodes
