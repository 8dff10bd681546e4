#include "graph/listing.h"

#include <algorithm>
#include <sstream>

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

ordered_json json_integer(nodes::WideInt value) {
  if (value < 0) return static_cast<int64_t>(value);
  return static_cast<uint64_t>(value);
}

// [type, options], where a COMBO's type is the list of its choices.
ordered_json input_info(const nodes::InputSpec& input, const nodes::ModelFiles& files) {
  ordered_json options = ordered_json::object();
  if (!input.tooltip.empty()) options["tooltip"] = input.tooltip;
  if (input.default_value) options["default"] = *input.default_value;
  if (input.type == "INT") {
    options["min"] = json_integer(input.min_int);
    options["max"] = json_integer(input.max_int);
    if (input.step != 1) options["step"] = static_cast<int64_t>(input.step);
  } else if (input.type == "FLOAT") {
    options["min"] = input.min_real;
    options["max"] = input.max_real;
    options["step"] = input.step;
  } else if (input.type == "STRING") {
    options["multiline"] = input.multiline;
  }
  ordered_json type = input.type;
  if (input.type == "COMBO") type = input.folder.empty() ? input.options : files.list(input.folder);
  if (input.presence == nodes::Presence::kHidden) return input.type;
  ordered_json info = ordered_json::array({std::move(type)});
  if (!options.empty()) info.push_back(std::move(options));
  return info;
}

std::string_view group_name(nodes::Presence presence) {
  switch (presence) {
    case nodes::Presence::kRequired:
      return "required";
    case nodes::Presence::kOptional:
      return "optional";
    case nodes::Presence::kHidden:
      return "hidden";
  }
  return "";
}

std::string number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// "INT 1..10000, default 20"
std::string input_summary(const nodes::InputSpec& input) {
  std::string summary = input.type;
  if (input.type == "INT") {
    summary += " " + nodes::to_string(input.min_int) + ".." + nodes::to_string(input.max_int);
  } else if (input.type == "FLOAT") {
    summary += " " + number(input.min_real) + ".." + number(input.max_real);
  } else if (!input.folder.empty()) {
    summary += ", a file of " + input.folder + "/";
  } else if (input.type == "COMBO") {
    summary += ":";
    for (const std::string& option : input.options) summary += " " + option;
  }
  if (input.default_value && !(input.default_value->is_string() &&
                               input.default_value->get_ref<const std::string&>().empty())) {
    summary +=
        ", default " + (input.default_value->is_string() ? input.default_value->get<std::string>()
                                                         : input.default_value->dump());
  }
  if (input.presence == nodes::Presence::kOptional) summary += ", optional";
  if (!input.group.empty()) summary += ", and more of them";
  return summary;
}

// Lines of at most `width` columns after an indentation.
std::string wrapped(const std::string& text, size_t indent, size_t width) {
  std::istringstream words(text);
  std::string line, result, word;
  while (words >> word) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) {
      result += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return result + line;
}

}  // namespace

ordered_json object_info(const NodeRegistry& registry, const nodes::ModelFiles& files) {
  ordered_json result = ordered_json::object();
  for (const nodes::NodeType* type : registry.all()) {
    ordered_json inputs = ordered_json::object();
    ordered_json order = ordered_json::object();
    inputs["required"] = ordered_json::object();
    order["required"] = ordered_json::array();
    for (const nodes::InputSpec& input : type->inputs) {
      const std::string group(group_name(input.presence));
      inputs[group][input.name] = input_info(input, files);
      order[group].push_back(input.name);
    }
    ordered_json types = ordered_json::array(), names = ordered_json::array(),
                 lists = ordered_json::array();
    for (const nodes::OutputSpec& output : type->outputs) {
      types.push_back(output.type);
      names.push_back(output.name);
      lists.push_back(false);
    }
    result[type->class_name] = {
        {"input", std::move(inputs)},         {"input_order", std::move(order)},
        {"output", std::move(types)},         {"output_is_list", std::move(lists)},
        {"output_name", std::move(names)},    {"name", type->class_name},
        {"display_name", type->display_name}, {"description", type->description},
        {"category", type->category},         {"output_node", type->is_output},
    };
  }
  return result;
}

std::string node_table(const NodeRegistry& registry) {
  std::string table;
  for (const nodes::NodeType* type : registry.all()) {
    std::vector<std::string> outputs;
    for (const nodes::OutputSpec& output : type->outputs) outputs.push_back(output.type);
    table += type->class_name;
    table += "  (" + type->display_name + ")";
    if (type->is_output) {
      table += "  saves a result";
    } else {
      table += "  ->";
      for (const std::string& output : outputs) table += " " + output;
    }
    table += "\n";
    if (!type->description.empty()) table += "    " + wrapped(type->description, 4, 96) + "\n";
    size_t widest = 0;
    for (const nodes::InputSpec& input : type->inputs) widest = std::max(widest, input.name.size());
    std::string group;
    for (const nodes::InputSpec& input : type->inputs) {
      if (input.presence == nodes::Presence::kHidden) continue;
      if (!input.group.empty() && input.group == group) continue;  // one line for all of it
      group = input.group;
      table += "    " + input.name + std::string(widest - input.name.size() + 2, ' ') +
               wrapped(input_summary(input), widest + 6, 96) + "\n";
    }
    table += "\n";
  }
  return table;
}

}  // namespace zanime::graph
