// `zanime nodes`: which nodes there are.
#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "engine/engine.h"
#include "graph/listing.h"

namespace zanime::cli {
namespace {

struct NodesOptions {
  std::string models_root;
  bool extra_nodes = false;
};

void list_nodes(const NodesOptions& options, const GlobalOptions& globals) {
  engine::EngineOptions engine_options = engine::EngineOptions::from_environment();
  engine_options.models_root = options.models_root;
  engine_options.extra_nodes = engine_options.extra_nodes || options.extra_nodes;
  const engine::Engine engine(engine_options);
  if (globals.json) {
    std::cout << graph::object_info(engine.registry(), engine.files())
                     .dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
              << '\n';
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
  command->add_option("--models-root", options->models_root,
                      "Folder whose files --json lists as choices");
  command->callback([options, &globals] { list_nodes(*options, globals); });
}

}  // namespace zanime::cli
