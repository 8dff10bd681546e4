// The category `text`: nodes that make texts of texts.
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "nodes/input_value.h"
#include "nodes/text/python_format.h"
#include "nodes/text/python_text.h"
#include "nodes/text/python_value.h"

namespace zanime::nodes {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMaxJsonDepth = 500;

std::string letters_in_case(const std::string& text, const std::string& mode) {
  if (mode == "UPPERCASE") return upper(text);
  if (mode == "lowercase") return lower(text);
  if (mode == "Capitalize") return capitalized(text);
  return title_case(text);
}

// As text[start:end] in Python: places count characters, below zero from the end.
std::string substring(const std::string& text, WideInt start, WideInt end) {
  const std::u32string all = characters(text);
  const auto count = static_cast<WideInt>(all.size());
  const auto place = [&](WideInt at) {
    return static_cast<size_t>(std::clamp<WideInt>(at < 0 ? at + count : at, 0, count));
  };
  const size_t first = place(start), last = place(end);
  return first < last ? utf8(std::u32string_view(all).substr(first, last - first)) : "";
}

std::vector<Value> compare_texts(const Arguments& arguments, NodeContext&) {
  std::string a = arguments.text("string_a"), b = arguments.text("string_b");
  if (!arguments.get<bool>("case_sensitive")) {
    a = lower(a);
    b = lower(b);
  }
  const std::string& mode = arguments.text("mode");
  return {mode == "Equal" ? a == b : mode == "Starts With" ? a.starts_with(b) : a.ends_with(b)};
}

std::vector<Value> contains_text(const Arguments& arguments, NodeContext&) {
  std::string text = arguments.text("string"), part = arguments.text("substring");
  if (!arguments.get<bool>("case_sensitive")) {
    text = lower(text);
    part = lower(part);
  }
  return {text.find(part) != std::string::npos};
}

// JSON as Python's module reads it, where NaN and the infinities are numbers too: here they become
// texts of the form that str() gives them. Nothing for what is not JSON.
std::optional<ordered_json> parse_python_json(const std::string& text) {
  std::string plain;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_text = !in_text;
    if (in_text && text[i] == '\\' && i + 1 < text.size()) {
      plain += text[i++];
    } else if (!in_text) {
      constexpr std::pair<std::string_view, std::string_view> kNames[]{
          {"NaN", "\"nan\""}, {"-Infinity", "\"-inf\""}, {"Infinity", "\"inf\""}};
      bool replaced = false;
      for (const auto& [name, shown_as] : kNames) {
        if (text.compare(i, name.size(), name) != 0) continue;
        plain += shown_as;
        i += name.size() - 1;
        replaced = true;
        break;
      }
      if (replaced) continue;
    }
    plain += text[i];
  }
  bool too_deep = false;
  const auto watch = [&](int depth, ordered_json::parse_event_t, ordered_json&) {
    too_deep = too_deep || depth > static_cast<int>(kMaxJsonDepth);
    return !too_deep;
  };
  ordered_json parsed = ordered_json::parse(plain, watch, /*allow_exceptions=*/false);
  if (too_deep || parsed.is_discarded()) return std::nullopt;
  return parsed;
}

std::vector<Value> extract_from_json(const Arguments& arguments, NodeContext&) {
  const std::optional<ordered_json> json = parse_python_json(arguments.text("json_string"));
  if (!json || !json->is_object()) return {""};
  const auto found = json->find(arguments.text("key"));
  if (found == json->end() || found->is_null()) return {""};
  return {shown(plain_value(*found))};
}

std::vector<Value> format_values(const Arguments& arguments, NodeContext&) {
  std::map<std::string, Value> fields;
  for (auto& [name, value] : arguments.group("values")) fields.emplace(name, value);
  return {format_text(arguments.text("f_string"), fields)};
}

NodeType text_node(const char* class_name, const char* display_name, const char* description,
                   std::vector<InputSpec> inputs, const char* output, NodeFunction run) {
  return {.class_name = class_name,
          .display_name = display_name,
          .category = "text",
          .description = description,
          .inputs = std::move(inputs),
          .outputs = {{output, output}},
          .is_core = false,
          .run = std::move(run)};
}

InputSpec place_input(const char* name) {
  constexpr auto kMost = std::numeric_limits<int64_t>::max();
  return integer(name, 0, -kMost, kMost).tip("Counted in characters; below zero from the end.");
}

std::vector<std::string> letter_names() {
  std::vector<std::string> names;
  for (char letter = 'a'; letter <= 'z'; ++letter) names.emplace_back(1, letter);
  return names;
}

}  // namespace

void add_text_nodes(NodeTypes& types) {
  types.push_back(
      text_node("StringConcatenate", "Concatenate Text", "One text after another.",
                {multiline_text("string_a"), multiline_text("string_b"), text("delimiter")},
                "STRING", [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  return {arguments.text("string_a") + arguments.text("delimiter") +
                          arguments.text("string_b")};
                }));
  types.push_back(
      text_node("StringSubstring", "Substring", "A part of a text.",
                {multiline_text("string"), place_input("start"), place_input("end")}, "STRING",
                [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  return {substring(arguments.text("string"), arguments.get<WideInt>("start"),
                                    arguments.get<WideInt>("end"))};
                }));
  types.push_back(text_node(
      "StringLength", "Text Length", "How many characters a text has.", {multiline_text("string")},
      "INT", [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {static_cast<WideInt>(characters(arguments.text("string")).size())};
      }));
  types.push_back(
      text_node("CaseConverter", "Convert Text Case", "A text in large or small letters.",
                {multiline_text("string"),
                 choice("mode", {"UPPERCASE", "lowercase", "Capitalize", "Title Case"})},
                "STRING", [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  return {letters_in_case(arguments.text("string"), arguments.text("mode"))};
                }));
  types.push_back(
      text_node("StringTrim", "Trim Text", "A text without the white space at its ends.",
                {multiline_text("string"), choice("mode", {"Both", "Left", "Right"})}, "STRING",
                [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  const std::string& mode = arguments.text("mode");
                  return {stripped(arguments.text("string"), mode != "Right", mode != "Left")};
                }));
  types.push_back(text_node(
      "StringReplace", "Replace Text", "A text with every occurrence of another replaced.",
      {multiline_text("string"), multiline_text("find"), multiline_text("replace")}, "STRING",
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {with_replaced(arguments.text("string"), arguments.text("find"),
                              arguments.text("replace"))};
      }));
  types.push_back(text_node(
      "StringContains", "Contains Text", "Does a text contain another?",
      {multiline_text("string"), multiline_text("substring"), boolean("case_sensitive", true)},
      "BOOLEAN", contains_text));
  types.push_back(text_node(
      "StringCompare", "Compare Text", "Is a text another, or does it begin or end so?",
      {multiline_text("string_a"), multiline_text("string_b"),
       choice("mode", {"Starts With", "Ends With", "Equal"}), boolean("case_sensitive", true)},
      "BOOLEAN", compare_texts));
  types.push_back(
      text_node("StringFormat", "Format Text",
                "A text with values in it: {a}, {b:.2f}, by the rules of Python.",
                growing("values", letter_names(), "*", 0) + std::vector{multiline_text("f_string")},
                "STRING", format_values));
  types.push_back(text_node("JsonExtractString", "Extract Text from JSON",
                            "The value of a key of a JSON object; empty where there is none.",
                            {multiline_text("json_string"), text("key")}, "STRING",
                            extract_from_json));
}

void add_text_list_nodes(NodeTypes& types) {
  const auto text_of = [](auto change) {
    return [change](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
      return {change(arguments.text("texts"), arguments)};
    };
  };
  const auto add = [&](const char* class_name, const char* display_name, const char* description,
                       std::vector<InputSpec> inputs, auto change) {
    inputs.insert(inputs.begin(), text("texts").tip("A text, or a list of them."));
    NodeType type = text_node(class_name, display_name, description, std::move(inputs), "STRING",
                              text_of(change));
    type.outputs = {{"STRING", "texts"}};
    types.push_back(std::move(type));
  };
  add("TextToLowercase", "Convert Text to Lowercase", "Small letters.", {},
      [](const std::string& of, const Arguments&) { return lower(of); });
  add("TextToUppercase", "Convert Text to Uppercase", "Large letters.", {},
      [](const std::string& of, const Arguments&) { return upper(of); });
  add("TruncateText", "Truncate Text", "The first characters of a text.",
      {integer("max_length", 77, 1, 10000).tip("Characters at most.")},
      [](const std::string& of, const Arguments& arguments) {
        return substring(of, 0, arguments.get<WideInt>("max_length"));
      });
  add("AddTextPrefix", "Add Text Prefix", "A text in front of another.", {text("prefix")},
      [](const std::string& of, const Arguments& arguments) {
        return arguments.text("prefix") + of;
      });
  add("AddTextSuffix", "Add Text Suffix", "A text behind another.", {text("suffix")},
      [](const std::string& of, const Arguments& arguments) {
        return of + arguments.text("suffix");
      });
  add("ReplaceText", "Replace Text (Simple)", "A text with every occurrence of another replaced.",
      {text("find"), text("replace")}, [](const std::string& of, const Arguments& arguments) {
        return with_replaced(of, arguments.text("find"), arguments.text("replace"));
      });
  add("StripWhitespace", "Strip Whitespace", "A text without the white space at its ends.", {},
      [](const std::string& of, const Arguments&) { return stripped(of); });
  types.push_back({.class_name = "MergeTextLists",
                   .display_name = "Merge Text Lists",
                   .category = "text",
                   .description = "Several lists of texts as one.",
                   .inputs = {text("texts").tip("A text, or a list of them.")},
                   .outputs = {{"STRING", "texts", /*is_list=*/true}},
                   .is_core = false,
                   .takes_lists = true,
                   .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                     return {items(arguments.items("texts"))};
                   }});
}

}  // namespace zanime::nodes
