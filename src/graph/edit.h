// Changing a graph in API form before it runs: `NODE.INPUT=VALUE`, and the settings that people
// change most, found by following the links.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "graph/registry.h"
#include "graph/workflow/to_api.h"

namespace zanime::graph {

// `setting` is NODE.INPUT=VALUE. NODE is an id, a title, a class name, or what the editor calls a
// subgraph's node; letter case counts for ids only. The value is read as the input's type asks; it
// takes the place of a link. An input that takes a link takes ["NODE ID", OUTPUT]. Throws
// Error(kUsage) when nothing or more than one node fits, listing them, or when the value is not of
// the type.
void apply_setting(ApiWorkflow& workflow, const std::string& setting, const NodeRegistry& registry);

// `name` is one of
//   prompt, negative              the text encoders behind `positive` and `negative` of samplers
//                                 and guiders
//   seed, steps, cfg,             every node that has it: a graph of two passes gets it for both
//   sampler, scheduler
//   width, height                 the empty latents
//   model, text-encoder, vae      the file of the loader
// Only nodes count that an output needs. Throws Error(kUsage) when none has it, or when the nodes
// differ in what must be one thing (prompts, files), listing them.
void apply_shortcut(nlohmann::ordered_json& graph, const std::string& name,
                    const nlohmann::ordered_json& value, const NodeRegistry& registry);

}  // namespace zanime::graph
