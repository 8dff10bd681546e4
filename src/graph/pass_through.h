// Nodes of other packs, and of the editor, that only hand a value on. A graph runs without them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/registry.h"

namespace zanime::graph {

enum class PassThroughKind {
  kFirst,    // output 0: the first of its inputs that is not empty
  kValues,   // each output: the value of one input
  kChoice,   // output 0: the input that the value of another one chooses
  kContext,  // a bundle of values: output 0 is the bundle, each other one a value of it
  kIgnored   // no output that matters: switches of the editor, viewers
};

struct PassThrough {
  PassThroughKind kind = PassThroughKind::kIgnored;
  // kValues: the input that each output hands on; kContext: the name of each output's value, which
  // is also that of the input that sets it, empty for the bundle.
  std::vector<std::string> outputs = {};
  // kChoice: the input that chooses, and the inputs to choose from; a number counts from `first`,
  // false and true are 0 and 1.
  std::string chooser = {};
  std::vector<std::string> choices = {};
  int64_t first = 0;
  // kChoice: where nothing is linked to the chosen input, the first of the others.
  bool takes_others = false;
  // kContext: the inputs that take other bundles. What no input sets is taken from the first bundle
  // that holds anything or, where they merge, from the last one that has it.
  std::vector<std::string> bundles = {};
  bool merges = false;
  // What the node would have done besides, for a warning; empty: nothing.
  std::string remark = {};
  // The inputs that the editor keeps values of, in the order in which files list these.
  std::vector<std::string> widgets = {};
};

// Null for every other class.
const PassThrough* find_pass_through(const std::string& class_name);

// A graph in API form without pass-through nodes: what links to them links to what they hand on, or
// has its value. Classes that the registry knows are left alone. Where another node computes what a
// switch hands on, it becomes ComfyUI's own: node 20 becomes 20:switch, with 20:switch2, … for more
// than two choices. A seed of -1, -2 or -3 (rgthree's words for random, next, last) becomes a
// random one, which `warnings` tells. Throws Error(kGraph) when such nodes link to each other in a
// circle.
nlohmann::ordered_json resolve_pass_through(const nlohmann::ordered_json& graph,
                                            const NodeRegistry& registry,
                                            std::vector<std::string>* warnings);

}  // namespace zanime::graph
