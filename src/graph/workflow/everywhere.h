// Links of the pack Use Everywhere, which are not among the links of a file.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/workflow/editor_graph.h"

namespace zanime::graph {

// Does a node of this type give its inputs to all others that lack them?
bool is_everywhere_node(const std::string& type);

// Adds those links to `workflow`, which was read from `json`: the ones that the file records
// (`extra.ue_links`), and else to each input without a link the output of its type that an
// "Anything Everywhere" of the same graph is given. "Prompts Everywhere" goes by the words
// `positive` and `negative`, "Seed Everywhere" to inputs called `seed` and `noise_seed`. A node
// with rules of its own (patterns of titles, groups, colours) is told in `warnings` and left out.
void link_everywhere(const nlohmann::ordered_json& json, EditorWorkflow& workflow,
                     std::vector<std::string>* warnings);

}  // namespace zanime::graph
