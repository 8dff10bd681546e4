// `zanime run`: executes a workflow.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/models_root_option.h"
#include "cli/picture_output.h"
#include "cli/progress_view.h"
#include "cli/result_report.h"
#include "cli/workflow_input.h"
#include "engine/engine.h"

namespace zanime::cli {
namespace {

struct RunOptions {
  WorkflowOptions workflow;
  std::string models_root;
  std::string input_dir;
  std::string output;
  bool extra_nodes = true;
};

void run(const RunOptions& options, const GlobalOptions& globals, const CancelToken& cancel) {
  EngineOptions engine_options = engine_options_for(globals);
  engine_options.models_root = options.models_root;
  engine_options.input_dir = options.input_dir;
  engine_options.extra_nodes = options.extra_nodes;
  Engine engine(engine_options);
  search_beside(options.workflow, engine.files());
  std::vector<std::string> warnings;
  const auto graph = read_workflow(options.workflow, engine.registry(), warnings);
  for (const std::string& warning : warnings) log_warning(warning);
  PictureOutput output(options.output);

  EngineResult result;
  {
    ProgressView view(globals);
    EngineHooks hooks;
    hooks.progress = [&](const nodes::ProgressEvent& event) { view.show(event); };
    hooks.on_picture = [&](const EnginePicture& picture) { output.write(picture); };
    hooks.on_latent = [&](const EngineLatent& latent) { output.write(latent); };
    result = engine.run(graph, cancel, hooks);
  }
  RunReport report;
  report.warnings = std::move(warnings);
  report.add(result);
  report.files = output.written();
  report.latents = output.written_latents();
  print_report(report, globals);
}

}  // namespace

void add_run_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command = app.add_subcommand("run", "Run a workflow, or make a picture again");
  const auto options = std::make_shared<RunOptions>();
  add_workflow_options(*command, options->workflow);
  add_models_root_option(*command, options->models_root);
  command->add_option(
      "--input-dir", options->input_dir,
      "Folder with the pictures that the workflow loads (default: ZANIME_INPUT_DIR, "
      "input beside the models root, or the current folder)");
  command->add_option("-o,--output", options->output,
                      "PNG file or folder (default: the workflow's names in the current folder)");
  command->add_flag("--extra-nodes,!--no-extra-nodes", options->extra_nodes,
                    "Know the nodes beyond the core set (default: yes)");
  command->callback([options, &globals, &cancel] { run(*options, globals, cancel); });
}

}  // namespace zanime::cli
