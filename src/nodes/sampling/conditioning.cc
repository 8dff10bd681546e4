// From text to what a diffusion model is conditioned on.
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/text/quoted.h"
#include "models/qwen3.h"
#include "models/tokenizer.h"
#include "nodes/core_nodes.h"
#include "nodes/sampling/text_conditioning.h"

namespace zanime::nodes {
namespace {

std::vector<Value> encode_text(const Arguments& arguments, NodeContext& context) {
  std::vector<std::string> embeddings;
  const std::vector<int32_t> ids =
      models::Tokenizer::qwen2().encode_prompt(arguments.text("text"), &embeddings);
  for (const std::string& name : embeddings) {
    log_warning("CLIPTextEncode (node " + text::escaped(context.node_id) + "): there is no " +
                "embedding " + text::quoted(name) + " for this text encoder; it is left out");
  }
  return {encode_tokens(arguments.get<Clip>("clip"), ids, context)};
}

// How Lumina-Image 2.0 was told what to do in training.
const std::map<std::string, std::string>& system_prompts() {
  static const std::map<std::string, std::string> prompts{
      {"superior",
       "You are an assistant designed to generate superior images with the superior degree of "
       "image-text alignment based on textual prompts or user prompts."},
      {"alignment",
       "You are an assistant designed to generate high-quality images with the highest degree of "
       "image-text alignment based on textual prompts."}};
  return prompts;
}

std::vector<Value> encode_lumina_text(const Arguments& arguments, NodeContext& context) {
  const std::vector<int32_t> ids = models::Tokenizer::qwen2().encode_prompt(
      system_prompts().at(arguments.text("system_prompt")) + " <Prompt Start> " +
      arguments.text("user_prompt"));
  return {encode_tokens(arguments.get<Clip>("clip"), ids, context)};
}

std::vector<Value> set_last_layer(const Arguments& arguments, NodeContext&) {
  Clip clip = arguments.get<Clip>("clip");
  clip.output_layer = arguments.integer("stop_at_clip_layer");
  return {std::move(clip)};
}

}  // namespace

void add_conditioning_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "CLIPTextEncode",
      .display_name = "CLIP Text Encode (Prompt)",
      .category = "model/conditioning",
      .description = "Encodes a prompt for the diffusion model.",
      .inputs = {multiline_text("text").tip("What the picture should show, or should not."),
                 link("clip", "CLIP").tip("The text encoder.")},
      .outputs = {{"CONDITIONING", "CONDITIONING"}},
      .run = encode_text,
  });
  types.push_back({
      .class_name = "CLIPTextEncodeLumina2",
      .display_name = "CLIP Text Encode (Lumina 2)",
      .category = "model/conditioning/lumina",
      .description = "Encodes a prompt after a sentence that says what the model is for.",
      .inputs = {choice("system_prompt", {"superior", "alignment"}), multiline_text("user_prompt"),
                 link("clip", "CLIP")},
      .outputs = {{"CONDITIONING", "CONDITIONING"}},
      .is_core = false,
      .run = encode_lumina_text,
  });
  types.push_back({
      .class_name = "CLIPSetLastLayer",
      .display_name = "CLIP Set Last Layer",
      .category = "model/conditioning",
      .description = "Which layer of the text encoder the diffusion model reads. Z-Image was "
                     "trained with -2, the last but one.",
      .inputs = {link("clip", "CLIP"), integer("stop_at_clip_layer", -1, -24, -1)},
      .outputs = {{"CLIP", "CLIP"}},
      .is_core = false,
      .run = set_last_layer,
  });
}

}  // namespace zanime::nodes
