// Texts that are joined, replaced and converted.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nodes/packs/pack_nodes.h"
#include "nodes/text/python_text.h"
#include "nodes/text/python_value.h"
#include "nodes/text/regular_expression.h"

namespace zanime::nodes {
namespace {

constexpr int kMostJoined = 100;

std::string with_pattern_replaced(const std::string& text, const std::string& pattern,
                                  const std::string& replacement) {
  return RegularExpression(pattern, {}).replaced(text, replacement);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string joined_parts(const std::vector<std::string>& parts, const std::string& joint) {
  std::string all;
  for (size_t i = 0; i < parts.size(); ++i) all += (i == 0 ? "" : joint) + parts[i];
  return all;
}

// --- KJNodes

std::vector<Value> join_many(const Arguments& arguments, NodeContext&) {
  const int64_t count = std::min<int64_t>(arguments.integer("inputcount"), kMostJoined);
  std::vector<std::string> parts{given_text(arguments, "string_1")};
  for (int64_t i = 2; i <= count; ++i) {
    std::string part = given_text(arguments, "string_" + std::to_string(i));
    if (!part.empty()) parts.push_back(std::move(part));
  }
  if (!arguments.get<bool>("return_list"))
    return {joined_parts(parts, arguments.text("delimiter"))};
  std::vector<Value> list(parts.begin(), parts.end());
  return {items(std::move(list))};
}

void add_kj_texts(NodeTypes& types) {
  const std::string pack = "ComfyUI-KJNodes";
  const std::vector<OutputSpec> one{{"STRING", "STRING"}};
  types.push_back(pack_node(pack, "JoinStrings", "Two texts with another between them.",
                            {text("delimiter", " "), slot("string1"), slot("string2")}, one,
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {given_text(arguments, "string1") +
                                      arguments.text("delimiter") +
                                      given_text(arguments, "string2")};
                            }));
  std::vector<InputSpec> many{integer("inputcount", 2, 2, 1000), slot("string_1"),
                              text("delimiter", " "), boolean("return_list", false)};
  for (int i = 2; i <= kMostJoined; ++i) many.push_back(slot("string_" + std::to_string(i)));
  types.push_back(pack_node(pack, "JoinStringMulti", "Texts with another between them.",
                            std::move(many), one, join_many));
  types.push_back(pack_node(pack, "StringConstantMultiline", "A text, by choice without line ends.",
                            {multiline_text("string"), boolean("strip_newlines", true)}, one,
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              const std::string& text = arguments.text("string");
                              if (!arguments.get<bool>("strip_newlines")) return {text};
                              return {stripped(with_replaced(text, "\n", ""))};
                            }));
  types.push_back(
      pack_node(pack, "SomethingToString", "A value as a text, between two others.",
                {link("input", "*"), text("prefix").optional(), text("suffix").optional()}, one,
                [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  return {given_text(arguments, "prefix") + given_text(arguments, "input") +
                          given_text(arguments, "suffix")};
                }));
}

// --- WAS

std::vector<Value> without_comments(const Arguments& arguments, NodeContext&) {
  std::vector<std::string> kept;
  for (std::string& line : lines_of(arguments.text("text"))) {
    if (!stripped(line).starts_with('#')) kept.push_back(std::move(line));
  }
  return {joined_parts(kept, "\n")};
}

std::vector<Value> concatenate(const Arguments& arguments, NodeContext&) {
  std::string joint = arguments.text("delimiter");
  if (joint == "\\n") joint = "\n";
  std::vector<std::string> parts;
  for (const char* name : {"text_a", "text_b", "text_c", "text_d"}) {
    std::string part = given_text(arguments, name);
    if (arguments.text("clean_whitespace") == "true") part = stripped(part);
    if (!part.empty()) parts.push_back(std::move(part));
  }
  return {joined_parts(parts, joint)};
}

std::vector<Value> find_and_replace(const Arguments& arguments, NodeContext&) {
  const std::string& pattern = arguments.text("find");
  const std::string text = given_text(arguments, "text");
  const RegularExpression expression(pattern, {});
  const auto count = static_cast<WideInt>(expression.matches(text).size());
  return {expression.replaced(text, arguments.text("replace")), count, static_cast<double>(count),
          count};
}

void add_was_texts(NodeTypes& types) {
  const std::string pack = "was-node-suite-comfyui";
  types.push_back(pack_node(pack, "Text Multiline", "A text without the lines that begin with #.",
                            {multiline_text("text")}, {{"STRING", "STRING"}}, without_comments));
  types.push_back(pack_node(pack, "Text Concatenate", "Texts with another between them.",
                            {text("delimiter", ", "), choice("clean_whitespace", {"true", "false"}),
                             slot("text_a"), slot("text_b"), slot("text_c"), slot("text_d")},
                            {{"STRING", "STRING"}}, concatenate));
  types.push_back(pack_node(pack, "Text Find and Replace", "Replaces what a pattern finds.",
                            {slot("text"), text("find"), text("replace")},
                            {{"STRING", "result_text"},
                             {"*", "replacement_count_number"},
                             {"FLOAT", "replacement_count_float"},
                             {"INT", "replacement_count_int"}},
                            find_and_replace));
}

// --- Comfyroll

std::vector<Value> replace_three(const Arguments& arguments, NodeContext&) {
  std::string text = given_text(arguments, "text");
  for (const char* number : {"1", "2", "3"}) {
    text = with_replaced(text, given_text(arguments, std::string("find") + number),
                         given_text(arguments, std::string("replace") + number));
  }
  return {text, ""};
}

void add_comfyroll_texts(NodeTypes& types) {
  const std::string pack = "ComfyUI_Comfyroll_CustomNodes";
  const std::vector<OutputSpec> outputs{{"STRING", "STRING"}, {"STRING", "show_help"}};
  types.push_back(pack_node(pack, "CR Text Concatenate", "Two texts with another between them.",
                            {slot("text1"), slot("text2"), text("separator").optional()}, outputs,
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {given_text(arguments, "text1") +
                                          given_text(arguments, "separator") +
                                          given_text(arguments, "text2"),
                                      ""};
                            }));
  types.push_back(pack_node(pack, "CR Text Replace",
                            "Replaces up to three texts, one after another.",
                            {slot("text"), text("find1").optional(), text("replace1").optional(),
                             text("find2").optional(), text("replace2").optional(),
                             text("find3").optional(), text("replace3").optional()},
                            outputs, replace_three));
  const auto shows = [](const char* name) {
    return [name](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
      return {given_text(arguments, name), ""};
    };
  };
  types.push_back(pack_node(pack, "CR Integer To String", "A number as a text.",
                            {link("int_", "*")}, outputs, shows("int_")));
  types.push_back(pack_node(pack, "CR Float To String", "A number as a text.",
                            {link("float_", "*")}, outputs, shows("float_")));
}

// --- Others

std::vector<Value> string_function(const Arguments& arguments, NodeContext&) {
  const bool tidy = arguments.text("tidy_tags") == "yes";
  const std::string a = given_text(arguments, "text_a"), b = given_text(arguments, "text_b"),
                    c = given_text(arguments, "text_c");
  std::string out;
  if (arguments.text("action") == "append") {
    std::vector<std::string> parts;
    for (const std::string& part : {a, b, c}) {
      if (!part.empty()) parts.push_back(part);
    }
    out = joined_parts(parts, tidy ? ", " : "");
  } else if (b.size() > 1 && b.starts_with('/') && b.ends_with('/')) {
    out = with_pattern_replaced(a, b.substr(1, b.size() - 2), c);
  } else {
    out = with_replaced(a, b, c);
  }
  if (!tidy) return {out};
  out = with_pattern_replaced(out, R"(\s{2,})", " ");
  out = with_replaced(out, " ,", ",");
  return {stripped(with_pattern_replaced(out, ",{2,}", ","))};
}

std::vector<Value> replace_or_match(const Arguments& arguments, NodeContext&) {
  const std::string text = given_text(arguments, "string");
  const std::string &old = arguments.text("old"), &with = arguments.text("new");
  return {arguments.get<bool>("use_regex") ? with_pattern_replaced(text, old, with)
                                           : with_replaced(text, old, with)};
}

// The trigger words of adapters that its user left switched on, or those that it was given.
std::vector<Value> toggled_words(const Arguments& arguments, NodeContext&) {
  if (!arguments.has("toggle_trigger_words")) return {given_text(arguments, "trigger_words")};
  const Value& value = arguments.value("toggle_trigger_words");
  const auto* json = std::get_if<Json>(&value);
  const nlohmann::ordered_json* list = json == nullptr ? nullptr : &json->value;
  if (list != nullptr && list->is_object() && list->contains("__value__")) {
    list = &list->at("__value__");
  }
  if (list == nullptr || !list->is_array()) return {given_text(arguments, "trigger_words")};
  std::vector<std::string> words;
  for (const nlohmann::ordered_json& word : *list) {
    if (!word.is_object()) continue;
    const auto text = word.find("text"), active = word.find("active");
    if (text == word.end() || !text->is_string()) continue;
    if (active != word.end() && active->is_boolean() && !active->get<bool>()) continue;
    words.push_back(text->get<std::string>());
  }
  return {joined_parts(words, ", ")};
}

void add_other_texts(NodeTypes& types) {
  const std::vector<OutputSpec> one{{"STRING", "STRING"}};
  types.push_back(
      pack_node("ComfyUI-Custom-Scripts", "StringFunction|pysssss",
                "Joins texts, or replaces one in another.",
                {choice("action", {"append", "replace"}), choice("tidy_tags", {"yes", "no"}),
                 multiline_text("text_a").optional(), multiline_text("text_b").optional(),
                 multiline_text("text_c").optional()},
                one, string_function));
  types.push_back(pack_node("comfy_mtb", "String Replace (mtb)",
                            "Replaces a text, or what a pattern finds.",
                            {slot("string"), text("old"), text("new"), boolean("use_regex", false)},
                            one, replace_or_match));
  types.push_back(
      pack_node("ComfyUI-Easy-Use", "easy promptConcat", "Two texts with another between them.",
                {slot("prompt1"), slot("prompt2"), text("separator").optional()}, one,
                [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  return {given_text(arguments, "prompt1") + given_text(arguments, "separator") +
                          given_text(arguments, "prompt2")};
                }));
  types.push_back(pack_node("ComfyUI-Image-Saver", "Any to String (Image Saver)",
                            "A value as a text.", {link("value", "*")}, one,
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {given_text(arguments, "value")};
                            }));
  types.push_back(
      pack_node("ComfyUI-Lora-Manager", "TriggerWord Toggle (LoraManager)",
                "The trigger words that are switched on.",
                {boolean("group_mode", true), boolean("default_active", true),
                 boolean("allow_strength_adjustment", false).optional(), slot("trigger_words"),
                 slot("toggle_trigger_words"), slot("orinalMessage")},
                one, toggled_words));
}

}  // namespace

void add_pack_text_nodes(NodeTypes& types) {
  add_kj_texts(types);
  add_was_texts(types);
  add_comfyroll_texts(types);
  add_other_texts(types);
}

}  // namespace zanime::nodes
