// `zanime upscale`: a picture becomes larger.
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/models_root_option.h"
#include "cli/picture_output.h"
#include "cli/progress_view.h"
#include "cli/result_report.h"
#include "engine/engine.h"

namespace zanime::cli {
namespace {

struct UpscaleOptions {
  std::string picture, model, models_root, output;
  PackingOptions packing;
};

void upscale(const UpscaleOptions& options, const GlobalOptions& globals,
             const CancelToken& cancel) {
  engine::EngineOptions engine_options = engine_options_for(globals);
  engine_options.models_root = options.models_root;
  engine::Engine engine(engine_options);
  const nlohmann::ordered_json graph = engine.upscale_graph_for(options.picture, options.model);
  PictureOutput output(options.output, options.packing);

  engine::EngineResult result;
  {
    ProgressView view(globals);
    engine::EngineHooks hooks;
    hooks.keep_pixels = false;
    hooks.progress = [&](const nodes::ProgressEvent& event) { view.show(event); };
    hooks.on_picture = [&](const engine::EnginePicture& picture) { output.write(picture); };
    result = engine.run(graph, cancel, hooks);
  }
  RunReport report;
  report.add(result);
  report.files = output.written();
  print_report(report, globals);
}

}  // namespace

void add_upscale_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command = app.add_subcommand("upscale", "Make a picture larger");
  const auto options = std::make_shared<UpscaleOptions>();
  command->add_option("picture", options->picture, "PNG, JPEG or WebP")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("-m,--model", options->model,
                   "File of upscale_models/, safetensors of ESRGAN, Real-ESRGAN compact or SPAN "
                   "(default: the only one there)")
      ->type_name("NAME");
  add_models_root_option(*command, options->models_root)->type_name("FOLDER");
  command
      ->add_option("-o,--output", options->output,
                   "PNG, WebP or JPEG file, or folder (default: a numbered name in the current "
                   "folder)")
      ->type_name("PATH");
  add_packing_options(*command, options->packing);
  command->callback([options, &globals, &cancel] { upscale(*options, globals, cancel); });
}

}  // namespace zanime::cli
