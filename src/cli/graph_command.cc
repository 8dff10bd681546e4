// `zanime graph`: shows a workflow.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/models_root_option.h"
#include "cli/terminal.h"
#include "cli/workflow_input.h"
#include "engine/engine.h"
#include "graph/outline.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

struct GraphOptions {
  WorkflowOptions workflow;
  std::string models_root;
  std::string input_dir;
  bool extra_nodes = true;
};

void show(const GraphOptions& options, const GlobalOptions& globals) {
  engine::EngineOptions engine_options = engine::EngineOptions::from_environment();
  engine_options.models_root = options.models_root;
  engine_options.input_dir = options.input_dir;
  engine_options.extra_nodes = options.extra_nodes;
  engine::Engine engine(engine_options);
  search_beside(options.workflow, engine.files());
  std::vector<std::string> warnings;
  graph::ApiWorkflow workflow = read_workflow(options.workflow, engine, warnings, {});
  change_workflow(options.workflow, engine.registry(), workflow);
  const ordered_json& graph = workflow.graph;
  for (const std::string& warning : warnings) log_warning(warning);
  if (!globals.json) {
    std::cout << printable(graph::graph_tree(graph, engine.registry(), engine.files()));
    return;
  }
  ordered_json outline = graph::graph_outline(graph, engine.registry(), engine.files());
  outline["warnings"] = warnings;
  outline["graph"] = graph;
  std::cout << json_text(outline) << '\n';
}

}  // namespace

void add_graph_command(CLI::App& app, const GlobalOptions& globals) {
  CLI::App* command = app.add_subcommand(
      "graph", "Show a workflow as a tree, with missing files and unknown nodes marked");
  const auto options = std::make_shared<GraphOptions>();
  add_workflow_options(*command, options->workflow);
  add_models_root_option(*command, options->models_root);
  command->add_option(
      "--input-dir", options->input_dir,
      "Folder with the pictures that the workflow loads (default: ZANIME_INPUT_DIR, "
      "input beside the models root, or the current folder)");
  command->add_flag("--extra-nodes,!--no-extra-nodes", options->extra_nodes,
                    "Know the nodes beyond the core set (default: yes)");
  command->callback([options, &globals] { show(*options, globals); });
}

}  // namespace zanime::cli
