#include "nodes/node_type.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"

namespace zanime::nodes {

bool InputSpec::is_widget() const {
  return type == "INT" || type == "FLOAT" || type == "STRING" || type == "BOOLEAN" ||
         type == "COMBO";
}

bool InputSpec::takes_several() const { return type == "*" || type.find(',') != std::string::npos; }

InputSpec InputSpec::tip(std::string text) && {
  tooltip = std::move(text);
  return std::move(*this);
}

InputSpec InputSpec::optional() && {
  presence = Presence::kOptional;
  return std::move(*this);
}

InputSpec InputSpec::lazy() && {
  is_lazy = true;
  return std::move(*this);
}

InputSpec link(std::string name, std::string type) {
  InputSpec spec;
  spec.name = std::move(name);
  spec.type = std::move(type);
  return spec;
}

InputSpec integer(std::string name, WideInt default_value, WideInt min, WideInt max, double step) {
  InputSpec spec = link(std::move(name), "INT");
  if (default_value < 0) {
    spec.default_value = static_cast<int64_t>(default_value);
  } else {
    spec.default_value = static_cast<uint64_t>(default_value);
  }
  spec.min_int = min;
  spec.max_int = max;
  spec.step = step;
  return spec;
}

InputSpec real(std::string name, double default_value, double min, double max, double step) {
  InputSpec spec = link(std::move(name), "FLOAT");
  spec.default_value = default_value;
  spec.min_real = min;
  spec.max_real = max;
  spec.step = step;
  return spec;
}

InputSpec text(std::string name, std::string default_value) {
  InputSpec spec = link(std::move(name), "STRING");
  spec.default_value = std::move(default_value);
  return spec;
}

InputSpec multiline_text(std::string name) {
  InputSpec spec = link(std::move(name), "STRING");
  spec.multiline = true;
  return spec;
}

InputSpec boolean(std::string name, bool default_value) {
  InputSpec spec = link(std::move(name), "BOOLEAN");
  spec.default_value = default_value;
  return spec;
}

InputSpec choice(std::string name, std::vector<std::string> options,
                 std::optional<std::string> default_value) {
  InputSpec spec = link(std::move(name), "COMBO");
  spec.options = std::move(options);
  if (default_value) spec.default_value = *default_value;
  return spec;
}

InputSpec file(std::string name, std::string folder) {
  InputSpec spec = link(std::move(name), "COMBO");
  spec.folder = std::move(folder);
  return spec;
}

InputSpec hidden(std::string name, std::string type) {
  InputSpec spec = link(std::move(name), std::move(type));
  spec.presence = Presence::kHidden;
  return spec;
}

std::vector<InputSpec> growing(const std::string& group, const std::vector<std::string>& names,
                               const std::string& type, size_t required) {
  std::vector<InputSpec> inputs;
  for (const std::string& name : names) {
    InputSpec input = link(group + "." + name, type);
    if (inputs.size() >= required) input.presence = Presence::kOptional;
    input.group = group;
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<InputSpec> growing(const std::string& group, const std::string& stem, size_t count,
                               const std::string& type, size_t required) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(stem + std::to_string(i));
  return growing(group, names, type, required);
}

std::vector<InputSpec> operator+(std::vector<InputSpec> first, std::vector<InputSpec> second) {
  std::move(second.begin(), second.end(), std::back_inserter(first));
  return first;
}

int64_t Arguments::integer(const std::string& name) const {
  const WideInt value = get<WideInt>(name);
  if (value < std::numeric_limits<int64_t>::min() || value > std::numeric_limits<int64_t>::max()) {
    wrong_type(name);
  }
  return static_cast<int64_t>(value);
}

uint64_t Arguments::seed(const std::string& name) const {
  const WideInt value = get<WideInt>(name);
  if (value < 0 || value > std::numeric_limits<uint64_t>::max()) wrong_type(name);
  return static_cast<uint64_t>(value);
}

double Arguments::real(const std::string& name) const { return get<double>(name); }

std::vector<Value> Arguments::items(const std::string& name) const {
  const Value& value = find(name);
  if (const Items* list = std::get_if<Items>(&value)) return (*list)->values;
  return {value};
}

std::vector<std::pair<std::string, Value>> Arguments::group(const std::string& name) const {
  const std::string prefix = name + ".";
  std::vector<std::pair<std::string, Value>> members;
  for (const auto& [key, value] : values_) {
    if (key.starts_with(prefix)) members.emplace_back(key.substr(prefix.size()), value);
  }
  // image2 before image10.
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.first.size() < b.first.size(); });
  return members;
}

const Value& Arguments::first(const std::string& name) const {
  const Value& value = find(name);
  const Items* list = std::get_if<Items>(&value);
  return list == nullptr || (*list)->values.empty() ? value : (*list)->values.front();
}

const Value& Arguments::find(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) {
    throw Error(ErrorKind::kInternal, "the node asked for an input `" + name +
                                          "` that it has not been given (please report this)");
  }
  return found->second;
}

void Arguments::wrong_type(const std::string& name) const {
  throw Error(ErrorKind::kInternal, "the node asked for another type than its input `" + name +
                                        "` has, " + std::string(value_type_name(find(name))) +
                                        " (please report this)");
}

const InputSpec* NodeType::find_input(const std::string& name) const {
  for (const InputSpec& input : inputs) {
    if (input.name == name) return &input;
  }
  return nullptr;
}

}  // namespace zanime::nodes
