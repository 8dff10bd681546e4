// Nodes of other packs that load several adapters at once.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/registry.h"

namespace zanime::graph {

// Does a node of this class stand for a chain of LoraLoader nodes, or list what such a one loads?
bool is_adapter_stack(const std::string& class_name);

// A graph in API form in which each such node has become LoraLoader nodes, one for each row that is
// switched on: node 20 becomes 20:1, 20:2, … Without a text encoder they are LoraLoaderModelOnly;
// without rows, what links to the node links to what it is given. Classes that the registry knows
// are left alone.
nlohmann::ordered_json expand_adapter_stacks(const nlohmann::ordered_json& graph,
                                             const NodeRegistry& registry);

}  // namespace zanime::graph
