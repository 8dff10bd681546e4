// The readable text that a picture carries beside its graph.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace zanime::engine {

// How the numbers of a picture were computed: what its last bits depend on beside the graph. An
// empty text: not told.
struct ComputeRecord {
  std::string compute = {};       // "fp32", as ops::Backend::compute_name
  std::string instructions = {};  // "avx2", as ops::Backend::instructions
  std::string version = {};       // "zanime 1.2.3"; written by parameters_text whatever is given
};

// In the form people know from other programs: the prompt, `Negative prompt: …`, then `Steps: 8,
// Sampler: euler, …`. Read out of the graph (API form) by going up from the output node
// `output_id`: whatever the graph does not state is left out. Of two passes with a larger latent
// between them the first is told, and of the second what differs. Empty when no sampler is found.
// `width` and `height` are the picture's, for a graph that does not state the size.
std::string parameters_text(const nlohmann::ordered_json& graph, const std::string& output_id,
                            int64_t width = 0, int64_t height = 0,
                            const ComputeRecord& record = {});

// What such a text says of how its picture was computed.
ComputeRecord read_compute_record(const std::string& parameters);

}  // namespace zanime::engine
