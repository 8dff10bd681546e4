// Graphs inside what other programs wrap around them.
#pragma once

#include <nlohmann/json.hpp>

namespace zanime::graph {

// The graph, in API form or the editor's, within what services and ComfyUI itself give:
//   {"prompt": GRAPH, …}, {"workflow": …}, {"output": …}, {"input": {"workflow": …}}
//   [number, id, GRAPH, …], as entries of ComfyUI's queue and history are
//   its answers to /history ({ID: {"prompt": ENTRY}}) and /queue ({"queue_running": [ENTRY]})
//   a list of one of these
// Of several members the one that runs counts: `prompt`, then `output`, then the editor's form. A
// value without a graph comes back as it is, for the check of the graph to say what is wrong.
// Throws Error(kGraph) where there are several graphs and none is to be preferred.
const nlohmann::ordered_json& unwrapped(const nlohmann::ordered_json& json);

}  // namespace zanime::graph
