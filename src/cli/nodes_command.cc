// `zanime nodes`: which nodes there are.
#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/json_output.h"
#include "engine/engine.h"
#include "graph/listing.h"
#include "graph/missing_nodes.h"
#include "graph/registry.h"

namespace zanime::cli {
namespace {

struct NodesOptions {
  std::string models_root;
  bool extra_nodes = false;
  bool missing = false;
};

void list_missing(const GlobalOptions& globals) {
  const graph::NodeRegistry registry = graph::NodeRegistry::standard(/*with_extra_nodes=*/true);
  if (!globals.json) {
    std::cout << graph::missing_node_table(registry);
    return;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::object();
  for (const graph::MissingNode& node : graph::missing_nodes(registry)) {
    list[std::string(node.name)] = node.sentence;
  }
  std::cout << list.dump(2) << '\n';
}

void list_nodes(const NodesOptions& options, const GlobalOptions& globals) {
  if (options.missing) {
    list_missing(globals);
    return;
  }
  engine::EngineOptions engine_options = engine::EngineOptions::from_environment();
  engine_options.models_root = options.models_root;
  engine_options.extra_nodes = engine_options.extra_nodes || options.extra_nodes;
  const engine::Engine engine(engine_options);
  if (globals.json) {
    std::cout << json_text(graph::object_info(engine.registry(), engine.files())) << '\n';
  } else {
    std::cout << graph::node_table(engine.registry());
  }
}

}  // namespace

void add_nodes_command(CLI::App& app, const GlobalOptions& globals) {
  CLI::App* command = app.add_subcommand(
      "nodes", "List the node types with their inputs (--json: as ComfyUI's /object_info)");
  const auto options = std::make_shared<NodesOptions>();
  command->add_flag("--extra-nodes", options->extra_nodes, "Also those beyond the core set");
  command->add_flag("--missing", options->missing,
                    "Instead: ComfyUI's own nodes that are not here, and why");
  command->add_option("--models-root", options->models_root,
                      "Folder whose files --json lists as choices");
  command->callback([options, &globals] { list_nodes(*options, globals); });
}

}  // namespace zanime::cli
