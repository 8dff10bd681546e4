// The readable text that a picture carries beside its graph.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace zanime {

// In the form people know from other programs: the prompt, `Negative prompt: …`, then `Steps: 8,
// Sampler: euler, …`. Read out of the graph (API form) by going up from the output node
// `output_id`: whatever the graph does not state is left out. Empty when no sampler is found.
std::string parameters_text(const nlohmann::ordered_json& graph, const std::string& output_id);

}  // namespace zanime
