// The workflow of a command line: a file in either of ComfyUI's forms, or the one that a picture
// carries, with the changes that options ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/cancel.h"
#include "engine/engine.h"
#include "graph/registry.h"
#include "graph/workflow/to_api.h"

namespace zanime::cli {

struct WorkflowOptions {
  std::string file;  // JSON or PNG; "-" is standard input
  std::vector<std::string> settings;
  std::optional<std::string> prompt, negative, sampler, scheduler, model, text_encoder, vae;
  std::optional<uint64_t> seed;
  std::optional<int64_t> steps, width, height;
  std::optional<double> cfg;
};

// FILE, --set and the shortcuts. `options` must outlive `command`.
void add_workflow_options(CLI::App& command, WorkflowOptions& options);

// Lets the workflow load pictures that lie beside its file.
void search_beside(const WorkflowOptions& options, engine::UserFiles& files);

// The file's workflow, or the request that its readable parameters state (engine/read_parameters.h)
// as one. Throws Error(kFile) when the file cannot be read or is a picture without either,
// Error(kGraph) when the workflow is malformed, Error(kCancelled) when `cancel` is set while
// standard input is read.
graph::ApiWorkflow read_workflow(const WorkflowOptions& options, engine::Engine& engine,
                                 std::vector<std::string>& warnings, const CancelToken& cancel);

// Makes the changes that the options ask for. Throws Error(kUsage) when one does not fit.
void change_workflow(const WorkflowOptions& options, const graph::NodeRegistry& registry,
                     graph::ApiWorkflow& workflow);

}  // namespace zanime::cli
