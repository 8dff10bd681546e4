// From text to what a diffusion model is conditioned on.
#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/text/quoted.h"
#include "models/qwen3.h"
#include "models/tokenizer.h"
#include "nodes/core_nodes.h"

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
  const Clip& clip = arguments.get<Clip>("clip");
  return {Conditioning{{clip.encoder->encode(ids, context.backend, context.cancel)}}};
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
}

}  // namespace zanime::nodes
