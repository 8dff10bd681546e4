// `zanime run`: executes a workflow.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cli/choice_options.h"
#include "cli/commands.h"
#include "cli/models_root_option.h"
#include "cli/picture_output.h"
#include "cli/preview_output.h"
#include "cli/progress_view.h"
#include "cli/result_report.h"
#include "cli/workflow_input.h"
#include "engine/engine.h"
#include "graph/workflow/queue_texts.h"

namespace zanime::cli {
namespace {

struct RunOptions {
  WorkflowOptions workflow;
  ChoiceOptions choices;
  std::string models_root;
  std::string input_dir;
  std::string output, preview;
  PackingOptions packing;
  bool extra_nodes = true;
};

// Puts words in place of the alternatives and wildcards of the file's texts and of the prompts on
// the command line.
void choose_words(const ChoiceOptions& choices, const engine::Engine& engine,
                  graph::ApiWorkflow& workflow, WorkflowOptions& changes) {
  if (choices.literal) return;
  const auto given = choices.seed() ? choices.seed() : changes.seed;
  const uint64_t seed =
      given ? *given : graph::first_seed(workflow.graph).value_or(engine::random_seed());
  if (workflow.is_from_editor) engine.choose_words(workflow.graph, seed);
  std::vector<std::string*> prompts;
  for (auto* prompt : {&changes.prompt, &changes.negative}) {
    if (*prompt) prompts.push_back(&**prompt);
  }
  engine.expand_texts(prompts, seed);
}

void run(const RunOptions& options, const GlobalOptions& globals, const CancelToken& cancel) {
  engine::EngineOptions engine_options = engine_options_for(globals);
  engine_options.models_root = options.models_root;
  engine_options.input_dir = options.input_dir;
  engine_options.wildcards_dir = options.choices.wildcards;
  engine_options.extra_nodes = options.extra_nodes;
  engine::Engine engine(engine_options);
  search_beside(options.workflow, engine.files());
  std::vector<std::string> warnings;
  graph::ApiWorkflow workflow = read_workflow(options.workflow, engine, warnings, cancel);
  WorkflowOptions changes = options.workflow;
  choose_words(options.choices, engine, workflow, changes);
  change_workflow(changes, engine.registry(), workflow);
  for (const std::string& warning : warnings) log_warning(warning);
  PictureOutput output(options.output, options.packing);
  PreviewOutput preview(options.preview, globals);
  output.refuse_collision(preview.file(), "the preview");

  engine::EngineResult result;
  {
    ProgressView view(globals);
    engine::EngineHooks hooks;
    hooks.keep_pixels = false;  // each picture is written as it comes
    hooks.progress = [&](const nodes::ProgressEvent& event) { view.show(event); };
    if (preview.is_wanted()) {
      hooks.preview = [&](const nodes::LatentPreview& latent) { preview.show(latent); };
    }
    hooks.on_picture = [&](const engine::EnginePicture& picture) {
      output.write(picture);
      preview.show_finished(picture);
    };
    hooks.on_latent = [&](const engine::EngineLatent& latent) { output.write(latent); };
    hooks.on_file = [&](const nodes::FileToSave& file) { output.write(file); };
    result = engine.run(workflow.graph, cancel, hooks);
  }
  RunReport report;
  report.warnings = std::move(warnings);
  report.add(result);
  report.files = output.written();
  report.latents = output.written_latents();
  report.others = output.written_others();
  print_report(report, globals);
}

}  // namespace

void add_run_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command = app.add_subcommand("run", "Run a workflow, or make a picture again");
  const auto options = std::make_shared<RunOptions>();
  add_workflow_options(*command, options->workflow);
  add_choice_options(*command, options->choices);
  add_models_root_option(*command, options->models_root);
  command->add_option(
      "--input-dir", options->input_dir,
      "Folder with the pictures that the workflow loads (default: ZANIME_INPUT_DIR, "
      "input beside the models root, or the current folder)");
  command->add_option("-o,--output", options->output,
                      "PNG, WebP or JPEG file, or folder (default: the workflow's names in the "
                      "current folder)");
  add_packing_options(*command, options->packing);
  command
      ->add_option("--preview", options->preview,
                   "PNG file that shows each picture as it forms, or - for the terminal alone")
      ->type_name("FILE");
  command->add_flag("--extra-nodes,!--no-extra-nodes", options->extra_nodes,
                    "Know the nodes beyond the core set (default: yes)");
  command->callback([options, &globals, &cancel] { run(*options, globals, cancel); });
}

}  // namespace zanime::cli
