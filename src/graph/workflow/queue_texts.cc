#include "graph/workflow/queue_texts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text/quoted.h"
#include "graph/api_view.h"
#include "pictures/name_words.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

constexpr int kDeepestNesting = 64;
constexpr const char* kPrefix = "filename_prefix";

std::string without_comments(std::string_view text) {
  std::string rest;
  for (size_t i = 0; i < text.size();) {
    const std::string_view from = text.substr(i);
    const size_t close = from.starts_with("/*") ? text.find("*/", i + 2) : std::string::npos;
    if (close != std::string::npos) {
      i = close + 2;
    } else if (from.starts_with("//")) {
      i = std::min(text.find('\n', i), text.size());
    } else {
      rest += text[i++];
    }
  }
  return rest;
}

bool is_escapable(char c) { return c == '{' || c == '}' || c == '|'; }

class Chooser {
 public:
  explicit Chooser(const std::function<double()>& draw) : draw_(draw) {}

  std::string chosen(const std::string& commented, int depth) {
    if (depth > kDeepestNesting) {
      throw Error(ErrorKind::kGraph, "a text has alternatives within alternatives, more than " +
                                         std::to_string(kDeepestNesting) + " deep");
    }
    const std::string text = without_comments(commented);
    std::string result;
    for (size_t i = 0; i < text.size();) {
      if (text[i] == '\\' && i + 1 < text.size()) {
        if (!is_escapable(text[i + 1])) result += text[i];
        result += text[i + 1];
        i += 2;
      } else if (text[i] == '{') {
        const std::vector<std::string> choices = read_choices(text, ++i);
        const double place = draw_() * static_cast<double>(choices.size());
        result +=
            chosen(choices[std::min(static_cast<size_t>(place), choices.size() - 1)], depth + 1);
      } else {
        result += text[i++];
      }
    }
    return result;
  }

 private:
  // Of the braces whose inside begins at `i`, which ends up behind them.
  static std::vector<std::string> read_choices(const std::string& text, size_t& i) {
    std::vector<std::string> choices(1);
    for (int depth = 0; i < text.size();) {
      const char c = text[i++];
      if (c == '}' && depth == 0) break;
      if (c == '|' && depth == 0) {
        choices.emplace_back();
        continue;
      }
      depth += c == '{' ? 1 : c == '}' ? -1 : 0;
      choices.back() += c;
      if (c == '\\' && i < text.size()) choices.back() += text[i++];
    }
    return choices;
  }

  const std::function<double()>& draw_;
};

// --- Names of files

// As the editor would write it.
std::string value_text(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_float()) return value.dump();
  std::array<char, 64> digits;
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value.get<double>());
  return error == std::errc() ? std::string(digits.data(), end) : value.dump();
}

std::string fit_for_file_name(std::string text) {
  constexpr std::string_view kForbidden = "/?<>\\:*|\"\x7f";
  for (char& c : text) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20;
    if (is_control || kForbidden.find(c) != std::string_view::npos) c = '_';
  }
  return text;
}

std::string search_name(const ordered_json& node) {
  const std::string name = api_meta(node, "name");
  return name.empty() ? api_class(node) : name;
}

// What the editor shows above the node.
std::string shown_title(const ordered_json& node, const NodeRegistry& registry) {
  const std::string title = api_title(node), class_name = api_class(node);
  if (!title.empty() && title != class_name) return title;
  const nodes::NodeType* type = registry.find(class_name);
  return type == nullptr ? title : type->display_name;
}

const ordered_json* find_node(const ordered_json& graph, const std::string& name,
                              const NodeRegistry& registry) {
  for (const auto& [id, node] : graph.items()) {
    if (search_name(node) == name) return &node;
  }
  for (const auto& [id, node] : graph.items()) {
    if (shown_title(node, registry) == name) return &node;
  }
  return nullptr;
}

// The plain value; null where there is none.
const ordered_json* value_of(const ordered_json& graph, const std::string& node_name,
                             const std::string& input, const NodeRegistry& registry) {
  const ordered_json* node = find_node(graph, node_name, registry);
  const ordered_json* inputs = node == nullptr ? nullptr : api_inputs(*node);
  if (inputs == nullptr) return nullptr;
  const auto found = inputs->find(input);
  const bool is_plain = found != inputs->end() && !found->is_structured() && !found->is_null();
  return is_plain ? &*found : nullptr;
}

class FileNames {
 public:
  FileNames(const ordered_json& graph, const ordered_json& before, const NodeRegistry& registry)
      : graph_(graph), before_(before), registry_(registry) {}

  // `missing` gets the words that nothing was found for.
  std::string filled_in(const std::string& text, std::vector<std::string>& missing) const {
    return pictures::fill_in_words(text, [&](const std::string& word) {
      if (auto date = pictures::date_word(word)) return date;
      return node_word(word, missing);
    });
  }

 private:
  // NODE.INPUT
  std::optional<std::string> node_word(const std::string& word,
                                       std::vector<std::string>& missing) const {
    const size_t dot = word.find('.');
    if (dot == std::string::npos || word.find('.', dot + 1) != std::string::npos) {
      return std::nullopt;
    }
    const std::string node = word.substr(0, dot), input = word.substr(dot + 1);
    const ordered_json* value = value_of(graph_, node, input, registry_);
    if (value == nullptr) value = value_of(before_, node, input, registry_);
    if (value != nullptr) return fit_for_file_name(value_text(*value));
    missing.push_back("%" + word + "%");
    return missing.back();
  }

  const ordered_json& graph_;
  const ordered_json& before_;
  const NodeRegistry& registry_;
};

}  // namespace

std::string choose_words(const std::string& text, const std::function<double()>& draw) {
  return Chooser(draw).chosen(text, 0);
}

void choose_words(ordered_json& graph, const NodeRegistry& registry,
                  const std::function<double()>& draw) {
  if (!graph.is_object()) return;
  for (auto& [id, node] : graph.items()) {
    const nodes::NodeType* type = registry.find(api_class(node));
    ordered_json* inputs = api_inputs(node);
    if (type == nullptr || inputs == nullptr) continue;
    for (auto& [name, value] : inputs->items()) {
      const nodes::InputSpec* input = type->find_input(name);
      if (input == nullptr || !input->multiline || !value.is_string()) continue;
      try {
        value = choose_words(value.get<std::string>(), draw);
      } catch (const Error& error) {
        throw error.within(describe_api_node(id, node));
      }
    }
  }
}

std::optional<uint64_t> first_seed(const ordered_json& graph) {
  if (!graph.is_object()) return std::nullopt;
  for (const auto& [id, node] : graph.items()) {
    const ordered_json* inputs = api_inputs(node);
    if (inputs == nullptr) continue;
    for (const char* name : {"seed", "noise_seed"}) {
      const auto found = inputs->find(name);
      if (found != inputs->end() && found->is_number_unsigned()) {
        return found->get<uint64_t>();
      }
    }
  }
  return std::nullopt;
}

void fill_in_file_names(ordered_json& graph, const ordered_json& before,
                        const NodeRegistry& registry, std::vector<std::string>* warnings) {
  if (!graph.is_object()) return;
  const FileNames names(graph, before, registry);
  std::vector<std::pair<ordered_json*, std::string>> changes;  // a prefix and what it becomes
  for (auto& [id, node] : graph.items()) {
    ordered_json* inputs = api_inputs(node);
    if (inputs == nullptr) continue;
    const auto prefix = inputs->find(kPrefix);
    if (prefix == inputs->end() || !prefix->is_string()) continue;
    std::vector<std::string> missing;
    changes.emplace_back(&*prefix, names.filled_in(prefix->get<std::string>(), missing));
    for (const std::string& word : missing) {
      if (warnings == nullptr) break;
      warnings->push_back(describe_api_node(id, node) + ": input `" + kPrefix + "` has " +
                          text::quoted(word) +
                          ", but no node has that name and a value there; it stays");
    }
  }
  for (auto& [prefix, name] : changes) *prefix = std::move(name);
}

}  // namespace zanime::graph
