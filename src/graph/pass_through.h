// Nodes of other packs, and of the editor, that only hand a value on. A graph runs without them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/registry.h"

namespace zanime::graph {

enum class PassThroughKind {
  kFirst,   // output: the first of its inputs that is not empty
  kValue,   // output: the value of one input
  kChoice,  // output: the input that the value of another one chooses
  kIgnored  // no output that matters: switches of the editor, viewers
};

struct PassThrough {
  PassThroughKind kind = PassThroughKind::kIgnored;
  std::string input = {};  // kValue: the input that has the value; kChoice: that chooses
  // kChoice: the inputs to choose from; a number counts from `first`, false and true are 0 and 1.
  std::vector<std::string> choices = {};
  int64_t first = 0;
};

// Null for every other class.
const PassThrough* find_pass_through(const std::string& class_name);

// A graph in API form without pass-through nodes: what links to them links to what they hand on, or
// has its value. Classes that the registry knows are left alone. A seed of -1, -2 or -3 (rgthree's
// words for random, next, last) becomes a random one, which `warnings` tells. Throws Error(kGraph)
// when such nodes link to each other in a circle.
nlohmann::ordered_json resolve_pass_through(const nlohmann::ordered_json& graph,
                                            const NodeRegistry& registry,
                                            std::vector<std::string>* warnings);

}  // namespace zanime::graph
