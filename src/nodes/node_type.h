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
  // "MODEL", "INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", …; several with commas between them;
  // "*" takes anything
  std::string type;
  Presence presence = Presence::kRequired;
  std::string tooltip;
  // Needed only where `NodeType::ignores` says so once all other inputs are known.
  bool is_lazy = false;
  // Of an input that belongs to a group that grows in an editor: the group's name.
  std::string group;

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

  bool is_widget() const;      // INT, FLOAT, STRING, BOOLEAN, COMBO: may be a plain value
  bool takes_several() const;  // "*" or several types: plain values are taken as they are

  InputSpec tip(std::string text) &&;
  InputSpec optional() &&;
  InputSpec lazy() &&;
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
// GROUP.NAME for each of `names`: inputs that an editor adds one by one. The first `required` of
// them must be there.
std::vector<InputSpec> growing(const std::string& group, const std::vector<std::string>& names,
                               const std::string& type, size_t required);
// GROUP.STEM0, GROUP.STEM1, …
std::vector<InputSpec> growing(const std::string& group, const std::string& stem, size_t count,
                               const std::string& type, size_t required);
// One list of inputs after another.
std::vector<InputSpec> operator+(std::vector<InputSpec> first, std::vector<InputSpec> second);

struct OutputSpec {
  std::string type;
  std::string name;
  bool is_list = false;  // gives Items; those of several runs are joined
};

// The checked inputs of one node. Asking for a name that is not there (see `has`) or for another
// type is a defect and throws Error(kInternal).
class Arguments {
 public:
  explicit Arguments(std::map<std::string, Value> values) : values_(std::move(values)) {}

  bool has(const std::string& name) const { return values_.contains(name); }
  template <class T>
  const T& get(const std::string& name) const {
    const T* value = std::get_if<T>(&first(name));
    if (value == nullptr) wrong_type(name);
    return *value;
  }
  int64_t integer(const std::string& name) const;  // for inputs whose limits fit
  uint64_t seed(const std::string& name) const;
  double real(const std::string& name) const;
  const std::string& text(const std::string& name) const { return get<std::string>(name); }
  const Value& value(const std::string& name) const { return find(name); }
  // All items of an input; one where it is no list. For nodes that take lists.
  std::vector<Value> items(const std::string& name) const;
  // What there is of a growing group, in order: the name without the group's, and the value.
  std::vector<std::pair<std::string, Value>> group(const std::string& name) const;

 private:
  const Value& find(const std::string& name) const;
  const Value& first(const std::string& name) const;  // the first item of a list
  [[noreturn]] void wrong_type(const std::string& name) const;

  std::map<std::string, Value> values_;
};

// What a node does: one value per output.
using NodeFunction = std::function<std::vector<Value>(const Arguments&, NodeContext&)>;

struct NodeType {
  std::string class_name;
  std::string display_name;
  std::string category;
  std::string description;
  std::vector<InputSpec> inputs = {};
  std::vector<OutputSpec> outputs = {};
  bool is_output = false;       // runs although nothing takes its result
  bool saves_pictures = false;  // gives the pictures that a graph is run for
  bool is_core = true;          // false: only with the extra nodes
  bool takes_lists = false;     // runs once with whole lists instead of once for every item

  // Optional: what the declaration cannot say about plain values, as a sentence; empty when all is
  // well. Called before anything runs, with what values there are.
  std::function<std::string(const Arguments& plain)> check = {};

  // Optional: true when, given what is known of its inputs, the node will not look at a linked one.
  // What feeds only such inputs does not run. Asked with the plain values before anything runs, and
  // for lazy inputs again when all others are known.
  std::function<bool(const std::string& input, const Arguments& known)> ignores = {};

  NodeFunction run;

  const InputSpec* find_input(const std::string& name) const;
};

}  // namespace zanime::nodes
