// The one declaration a node consists of. `zanime nodes`, validation and execution all read it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "nodes/node_context.h"
#include "nodes/value.h"

namespace zanime::nodes {

enum class Presence { kRequired, kOptional, kHidden };

// One input: the type and limits as ComfyUI states them. Made by the functions below.
struct InputSpec {
  std::string name;
  std::string type;  // "MODEL", "INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", …
  Presence presence = Presence::kRequired;
  std::string tooltip;

  std::optional<nlohmann::ordered_json> default_value;
  // INT
  WideInt min_int = 0, max_int = 0;
  // FLOAT
  double min_real = 0, max_real = 0;
  // INT and FLOAT: what an editor's arrows add. A value between the steps is valid.
  double step = 1;
  // STRING
  bool multiline = false;
  // COMBO: its options, or the models folder whose files are the options.
  std::vector<std::string> options;
  std::string folder;

  bool is_widget() const;  // INT, FLOAT, STRING, BOOLEAN, COMBO: may be a plain value

  InputSpec tip(std::string text) &&;
  InputSpec optional() &&;
};

InputSpec link(std::string name, std::string type);
InputSpec integer(std::string name, WideInt default_value, WideInt min, WideInt max,
                  double step = 1);
InputSpec real(std::string name, double default_value, double min, double max, double step);
InputSpec text(std::string name, std::string default_value = "");
InputSpec multiline_text(std::string name);
InputSpec boolean(std::string name, bool default_value);
// Without a default the first option is it, as in ComfyUI.
InputSpec choice(std::string name, std::vector<std::string> options,
                 std::optional<std::string> default_value = {});
InputSpec file(std::string name, std::string folder);
InputSpec hidden(std::string name, std::string type);

struct OutputSpec {
  std::string type;
  std::string name;
};

// The checked inputs of one node. Asking for a name that is not there (see `has`) or for another
// type is a defect and throws Error(kInternal).
class Arguments {
 public:
  explicit Arguments(std::map<std::string, Value> values) : values_(std::move(values)) {}

  bool has(const std::string& name) const { return values_.contains(name); }
  template <class T>
  const T& get(const std::string& name) const {
    const T* value = std::get_if<T>(&find(name));
    if (value == nullptr) wrong_type(name);
    return *value;
  }
  int64_t integer(const std::string& name) const;  // for inputs whose limits fit
  uint64_t seed(const std::string& name) const;
  double real(const std::string& name) const;
  const std::string& text(const std::string& name) const { return get<std::string>(name); }

 private:
  const Value& find(const std::string& name) const;
  [[noreturn]] void wrong_type(const std::string& name) const;

  std::map<std::string, Value> values_;
};

struct NodeType {
  std::string class_name;
  std::string display_name;
  std::string category;
  std::string description;
  std::vector<InputSpec> inputs = {};
  std::vector<OutputSpec> outputs = {};
  bool is_output = false;  // runs although nothing takes its result
  bool is_core = true;     // false: only with the extra nodes

  // Optional: what the declaration cannot say about plain values, as a sentence; empty when all is
  // well. Called before anything runs, with what values there are.
  std::function<std::string(const Arguments& plain)> check = {};

  // Optional: true when, given its plain values, the node will not look at a linked input. What
  // feeds only such inputs does not run.
  std::function<bool(const std::string& input, const Arguments& plain)> ignores = {};

  // One value per output.
  std::function<std::vector<Value>(const Arguments&, NodeContext&)> run;

  const InputSpec* find_input(const std::string& name) const;
};

}  // namespace zanime::nodes
