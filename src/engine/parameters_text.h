// The readable text that a picture carries beside its graph.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace zanime::engine {

// In the form people know from other programs: the prompt, `Negative prompt: …`, then `Steps: 8,
// Sampler: euler, …`. Read out of the graph (API form) by going up from the output node
// `output_id`: whatever the graph does not state is left out. Of two passes with a larger latent
// between them the first is told, and of the second what differs. Empty when no sampler is found.
// `width` and `height` are the picture's, for a graph that does not state the size; `compute` says
// how the numbers were computed, as `fp32`; empty: not told.
std::string parameters_text(const nlohmann::ordered_json& graph, const std::string& output_id,
                            int64_t width = 0, int64_t height = 0, const std::string& compute = "");

}  // namespace zanime::engine
