// Text encoders that put something around the prompt.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/text/quoted.h"
#include "nodes/packs/pack_nodes.h"
#include "nodes/text/python_text.h"

namespace zanime::nodes {
namespace {

constexpr int kMostTriggers = 20;

// What a text of styles says for one of them: ">>>NAME" on a line, the style on the next ones.
std::optional<std::string> style_called(const std::string& name, const std::string& styles) {
  std::optional<std::string> found;
  std::string current, content;
  bool is_style = false;
  const auto keep = [&] {
    if (is_style && current == name && !stripped(content).empty()) found = stripped(content);
  };
  for (size_t start = 0; start < styles.size();) {
    const size_t end = std::min(styles.find('\n', start), styles.size());
    const std::string line = stripped(styles.substr(start, end - start), /*left=*/false);
    if (line.starts_with(">>>") || line.starts_with(">::") || line.starts_with("{#") ||
        (start == 0 && line.starts_with("#!"))) {
      keep();
      is_style = line.starts_with(">>>");
      current = is_style ? stripped(line.substr(3)) : "";
      content.clear();
    } else {
      content += line + "\n";
    }
    start = end + 1;
  }
  keep();
  return found;
}

std::string unquoted(const std::string& name) {
  const bool is_quoted = name.size() > 1 && name.front() == '"' && name.back() == '"';
  return is_quoted ? name.substr(1, name.size() - 2) : name;
}

// The pack's own styles are not here.
std::string styled(const std::string& prompt, const std::string& style, const std::string& styles,
                   const std::string& node) {
  if (style.empty() || style == "none") return prompt;
  const auto pattern = style_called(unquoted(style), styles);
  if (!pattern) {
    log_warning(node + ": the style " + text::quoted(unquoted(style)) +
                " is part of the pack ComfyUI-ZImagePowerNodes and is not here; the prompt is "
                "taken as it stands (a style can be written into `customization`)");
    return prompt;
  }
  return with_replaced(
      with_replaced(with_replaced(*pattern, "{$spicy-content-with}", ""), "{$@}", prompt), "  ",
      " ");
}

std::vector<Value> encode_with(const NodeFunction& encode, const std::string& prompt,
                               const Arguments& arguments, NodeContext& context) {
  std::vector<Value> outputs =
      encode(Arguments({{"text", prompt}, {"clip", arguments.value("clip")}}), context);
  outputs.emplace_back(prompt);
  return outputs;
}

}  // namespace

void add_pack_prompt_nodes(NodeTypes& types) {
  const auto encoder = std::find_if(types.begin(), types.end(), [](const NodeType& type) {
    return type.class_name == "CLIPTextEncode";
  });
  if (encoder == types.end()) throw Error(ErrorKind::kInternal, "there is no CLIPTextEncode");
  const NodeFunction encode = encoder->run;
  const std::vector<OutputSpec> outputs{{"CONDITIONING", "CONDITIONING"}, {"STRING", "PROMPT"}};

  struct StyleNode {
    const char* class_name;
    std::vector<InputSpec> choices;
    const char* style;
  };
  const InputSpec style_to_apply = text("style_to_apply", "none");
  for (const StyleNode& node :
       {StyleNode{"StylePromptEncoder //ZImagePowerNodes",
                  {text("category"), text("style", "none")},
                  "style"},
        StyleNode{"IllustrationStylePromptEncoder //ZImagePowerNodes",
                  {style_to_apply},
                  "style_to_apply"},
        StyleNode{
            "PhotoStylePromptEncoder //ZImagePowerNodes", {style_to_apply}, "style_to_apply"}}) {
    std::vector<InputSpec> inputs{link("clip", "CLIP"), slot("customization")};
    inputs.insert(inputs.end(), node.choices.begin(), node.choices.end());
    inputs.push_back(multiline_text("text"));
    types.push_back(
        pack_node("ComfyUI-ZImagePowerNodes", node.class_name,
                  "Encodes a prompt within a style that `customization` describes.",
                  std::move(inputs), outputs,
                  [encode, name = std::string(node.class_name), style = std::string(node.style)](
                      const Arguments& arguments, NodeContext& context) {
                    const std::string prompt = styled(arguments.text("text"), arguments.text(style),
                                                      given_text(arguments, "customization"),
                                                      name + " (node " + context.node_id + ")");
                    return encode_with(encode, prompt, arguments, context);
                  }));
  }

  std::vector<InputSpec> inputs{multiline_text("text"), link("clip", "CLIP"), slot("seed")};
  for (int i = 1; i <= kMostTriggers; ++i)
    inputs.push_back(slot("trigger_words" + std::to_string(i)));
  types.push_back(pack_node(
      "ComfyUI-Lora-Manager", "Prompt (LoraManager)", "Encodes a prompt behind trigger words.",
      std::move(inputs), outputs, [encode](const Arguments& arguments, NodeContext& context) {
        std::string prompt;
        for (int i = 1; i <= kMostTriggers; ++i) {
          const std::string words = given_text(arguments, "trigger_words" + std::to_string(i));
          if (!words.empty()) prompt += words + ", ";
        }
        return encode_with(encode, prompt + arguments.text("text"), arguments, context);
      }));
}

}  // namespace zanime::nodes
