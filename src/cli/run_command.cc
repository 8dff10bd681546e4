// `zanime run`: executes a workflow.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/picture_output.h"
#include "cli/progress_view.h"
#include "cli/result_report.h"
#include "engine/engine.h"
#include "nodes/graph.h"

namespace zanime::cli {
namespace {

struct RunOptions {
  std::string graph;
  std::string models_root;
  std::string output;
  bool extra_nodes = true;
};

// "-" is standard input.
std::string read_all(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw Error(ErrorKind::kFile, "the workflow " + path + " does not exist");
  }
  if (std::filesystem::is_directory(path, error)) {
    throw Error(ErrorKind::kFile, "the workflow " + path + " is a folder");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error(ErrorKind::kFile, "the workflow " + path + " cannot be read");
  return text;
}

void run(const RunOptions& options, const GlobalOptions& globals, const CancelToken& cancel) {
  const std::string source = options.graph == "-" ? "the workflow" : options.graph;
  const auto graph = nodes::parse_graph_json(read_all(options.graph), source);

  EngineOptions engine_options = EngineOptions::from_environment();
  engine_options.models_root = options.models_root;
  engine_options.extra_nodes = options.extra_nodes;
  Engine engine(engine_options);
  PictureOutput output(options.output);

  EngineResult result;
  {
    ProgressView view(globals);
    EngineHooks hooks;
    hooks.progress = [&](const nodes::ProgressEvent& event) { view.show(event); };
    hooks.on_picture = [&](const EnginePicture& picture) { output.write(picture); };
    result = engine.run(graph, cancel, hooks);
  }
  report_result(result, output.written(), std::nullopt, globals);
}

}  // namespace

void add_run_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command =
      app.add_subcommand("run", "Run a workflow in ComfyUI's API form (Export (API))");
  const auto options = std::make_shared<RunOptions>();
  command->add_option("graph", options->graph, "JSON file, or - for standard input")->required();
  command->add_option("--models-root", options->models_root,
                      "Folder with the model files (default: ZANIME_MODELS_ROOT, ComfyUI/models, "
                      "or the user's data folder)");
  command->add_option("-o,--output", options->output,
                      "PNG file or folder (default: the workflow's names in the current folder)");
  command->add_flag("--extra-nodes,!--no-extra-nodes", options->extra_nodes,
                    "Know the nodes beyond the core set (default: yes)");
  command->callback([options, &globals, &cancel] { run(*options, globals, cancel); });
}

}  // namespace zanime::cli
