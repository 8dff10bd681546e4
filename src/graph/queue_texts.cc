#include "graph/queue_texts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "graph/api_view.h"
#include "nodes/input_value.h"

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

std::string date_text(std::string_view format) {
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  const auto number_of = [&](char letter) {
    switch (letter) {
      case 'M':
        return local.tm_mon + 1;
      case 'd':
        return local.tm_mday;
      case 'h':
        return local.tm_hour;
      case 'm':
        return local.tm_min;
      case 's':
        return local.tm_sec;
      default:
        return -1;
    }
  };
  std::string text;
  for (size_t i = 0; i < format.size();) {
    const char letter = format[i];
    const size_t run = std::min(format.find_first_not_of(letter, i), format.size()) - i;
    const std::string year = std::to_string(local.tm_year + 1900);
    if (letter == 'y' && run >= 2) {
      const size_t taken = run >= 4 ? 4 : 2;
      text += year.substr(year.size() - std::min(taken, year.size()));
      i += taken;
    } else if (number_of(letter) >= 0) {
      std::string digits = std::to_string(number_of(letter));
      if (run >= 2 && digits.size() < 2) digits.insert(0, "0");
      text += digits;
      i += std::min<size_t>(run, 2);
    } else {
      text += letter;
      ++i;
    }
  }
  return text;
}

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
  const auto meta = node.is_object() ? node.find("_meta") : node.end();
  if (node.is_object() && meta != node.end() && meta->is_object()) {
    const auto name = meta->find("name");
    if (name != meta->end() && name->is_string()) return name->get<std::string>();
  }
  return api_class(node);
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
  if (node == nullptr || !node->contains("inputs") || !(*node)["inputs"].is_object()) {
    return nullptr;
  }
  const ordered_json& inputs = (*node)["inputs"];
  const auto found = inputs.find(input);
  const bool is_plain = found != inputs.end() && !found->is_structured() && !found->is_null();
  return is_plain ? &*found : nullptr;
}

class FileNames {
 public:
  FileNames(const ordered_json& graph, const ordered_json& before, const NodeRegistry& registry)
      : graph_(graph), before_(before), registry_(registry) {}

  // `missing` gets the words that nothing was found for.
  std::string filled_in(const std::string& text, std::vector<std::string>& missing) const {
    constexpr std::string_view kDate = "date:";
    std::string result;
    for (size_t i = 0; i < text.size();) {
      const size_t close = text[i] == '%' ? text.find('%', i + 1) : std::string::npos;
      if (close == std::string::npos || close == i + 1) {
        result += text[i++];
        continue;
      }
      const std::string word = text.substr(i + 1, close - i - 1);
      const size_t dot = word.find('.');
      if (word.starts_with(kDate)) {
        result += date_text(std::string_view(word).substr(kDate.size()));
      } else if (dot != std::string::npos && word.find('.', dot + 1) == std::string::npos) {
        const std::string node = word.substr(0, dot), input = word.substr(dot + 1);
        const ordered_json* value = value_of(graph_, node, input, registry_);
        if (value == nullptr) value = value_of(before_, node, input, registry_);
        if (value == nullptr) missing.push_back("%" + word + "%");
        result += value == nullptr ? "%" + word + "%" : fit_for_file_name(value_text(*value));
      } else {
        result += "%" + word + "%";
      }
      i = close + 1;
    }
    return result;
  }

 private:
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
    if (type == nullptr || !node.contains("inputs") || !node["inputs"].is_object()) continue;
    for (auto& [name, value] : node["inputs"].items()) {
      const nodes::InputSpec* input = type->find_input(name);
      if (input == nullptr || !input->multiline || !value.is_string()) continue;
      try {
        value = choose_words(value.get<std::string>(), draw);
      } catch (const Error& error) {
        throw error.within(describe_api_node(graph, id));
      }
    }
  }
}

std::optional<uint64_t> first_seed(const ordered_json& graph) {
  if (!graph.is_object()) return std::nullopt;
  for (const auto& [id, node] : graph.items()) {
    if (!node.is_object() || !node.contains("inputs") || !node["inputs"].is_object()) continue;
    for (const char* name : {"seed", "noise_seed"}) {
      const auto found = node["inputs"].find(name);
      if (found != node["inputs"].end() && found->is_number_unsigned()) {
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
  std::vector<std::pair<std::string, std::string>> changes;  // id, name
  for (const auto& [id, node] : graph.items()) {
    if (!node.is_object() || !node.contains("inputs") || !node["inputs"].is_object()) continue;
    const auto prefix = node["inputs"].find(kPrefix);
    if (prefix == node["inputs"].end() || !prefix->is_string()) continue;
    std::vector<std::string> missing;
    changes.emplace_back(id, names.filled_in(prefix->get<std::string>(), missing));
    for (const std::string& word : missing) {
      if (warnings == nullptr) break;
      warnings->push_back(describe_api_node(graph, id) + ": input `" + kPrefix + "` has " +
                          nodes::quoted(word) +
                          ", but no node has that name and a value there; it stays");
    }
  }
  for (auto& [id, name] : changes) graph[id]["inputs"][kPrefix] = std::move(name);
}

}  // namespace zanime::graph
