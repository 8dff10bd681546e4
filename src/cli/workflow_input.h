// The workflow of a command line: a file in either of ComfyUI's forms, or the one that a picture
// carries, with the changes that options ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "engine/user_files.h"
#include "graph/registry.h"
#include "graph/to_api.h"

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

struct WorkflowInput {
  graph::ApiWorkflow workflow;  // the graph in API form
  // Whether it came in the editor's form: then its texts may stand for several.
  bool is_editor_form = false;
};

// The file's workflow. Throws Error(kFile) when the file cannot be read or is a picture without a
// workflow, Error(kGraph) when the workflow is malformed.
WorkflowInput read_workflow(const WorkflowOptions& options, const graph::NodeRegistry& registry,
                            std::vector<std::string>& warnings);

// Makes the changes that the options ask for. Throws Error(kUsage) when one does not fit.
void change_workflow(const WorkflowOptions& options, const graph::NodeRegistry& registry,
                     graph::ApiWorkflow& workflow);

}  // namespace zanime::cli
