// What ComfyUI's editor does to the texts of a workflow at the moment it is queued. The API form
// has it behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/registry.h"

namespace zanime::graph {

// One of the texts that `text` stands for: of `{red|blue} hair` one of the alternatives, which may
// be empty and may hold others. Without the comments, `/* such */` and `// to the end of the line`.
// `\{`, `\}` and `\|` are meant as they are; braces that do not close go to the end. `draw` gives
// numbers in [0, 1). Throws Error(kGraph) for alternatives within alternatives beyond all measure.
std::string choose_words(const std::string& text, const std::function<double()>& draw);

// The same, in place, for the texts of a graph in API form that the editor treats so: those of
// several lines that stand in a node of a known type, in the order of the nodes.
void choose_words(nlohmann::ordered_json& graph, const NodeRegistry& registry,
                  const std::function<double()>& draw);

// The first seed that a node of the graph has, in the order of the nodes.
std::optional<uint64_t> first_seed(const nlohmann::ordered_json& graph);

// Fills in, in every `filename_prefix` of a graph in API form, `%NODE.INPUT%` (a node's plain
// value, where signs that file names cannot have become `_`) and `%date:yyyy-MM-dd%` (local time;
// y, M, d, h, m, s). NODE is the name for search and replace that the editor keeps (mostly the
// class), or else the title, which without one is the class's display name. Nodes that `graph`
// lacks are looked for in `before`, what it was before nodes that only hand values on were taken
// out. What is not found stays and is warned of; other words in % signs stay.
void fill_in_file_names(nlohmann::ordered_json& graph, const nlohmann::ordered_json& before,
                        const NodeRegistry& registry, std::vector<std::string>* warnings);

}  // namespace zanime::graph
