// `zanime generate`: a prompt becomes pictures.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/picture_output.h"
#include "cli/progress_view.h"
#include "cli/result_report.h"
#include "engine/builtin_model.h"
#include "engine/engine.h"
#include "nodes/input_value.h"

namespace zanime::cli {
namespace {

struct GenerateOptions {
  GenerationParams params;
  std::string seed;
  std::string models_root;
  std::string output;
};

uint64_t parse_seed(const std::string& text) {
  uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seed);
  if (error != std::errc() || rest != end) {
    throw Error(ErrorKind::kUsage, "--seed is " + nodes::quoted(text) +
                                       ", but must be a whole number from 0 to "
                                       "18446744073709551615; leave it out for a random one");
  }
  return seed;
}

void generate(const GenerateOptions& options, const GlobalOptions& globals,
              const CancelToken& cancel) {
  GenerationParams params = options.params;
  if (!options.seed.empty()) params.seed = parse_seed(options.seed);
  validate(params);

  EngineOptions engine_options = EngineOptions::from_environment();
  engine_options.models_root = options.models_root;
  Engine engine(engine_options);
  const bool random = !params.seed.has_value();
  params = engine.complete(params);
  if (builtin::is_used_by(params)) {
    log_info("no model files: drawing with the small built-in model, anime heads of " +
             std::to_string(builtin::kSide) + " x " + std::to_string(builtin::kSide) +
             " pixels. The full model: zanime fetch");
    if (std::max(*params.width, *params.height) > builtin::kLargestSide) {
      log_warning("the built-in model is good for " + std::to_string(builtin::kSide) + " to " +
                  std::to_string(builtin::kLargestSide) + " pixels a side; " +
                  std::to_string(*params.width) + " x " + std::to_string(*params.height) +
                  " will look broken");
    }
  }
  PictureOutput output(options.output);
  output.expect(params.batch);
  // At once: whoever stops the run still knows what to repeat.
  if (!globals.json && (random || !globals.quiet)) {
    std::cout << "seed " << *params.seed << std::endl;
  }

  EngineResult result;
  {
    ProgressView view(globals);
    EngineHooks hooks;
    hooks.progress = [&](const nodes::ProgressEvent& event) { view.show(event); };
    hooks.on_picture = [&](const EnginePicture& picture) { output.write(picture); };
    result = engine.generate(params, cancel, hooks);
  }
  report_result(result, output.written(), output.written_latents(), result.params.seed, globals);
}

}  // namespace

void add_generate_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command = app.add_subcommand("generate", "Make pictures from a prompt");
  const auto options = std::make_shared<GenerateOptions>();
  GenerationParams& params = options->params;

  command->add_option("prompt", params.prompt, "What the picture should show")->required();
  command->add_option("-n,--negative", params.negative_prompt,
                      "What it should not show (counts where cfg is above 1)");
  command->add_option("-W,--width", params.width, "Pixels, a multiple of 8 (default: the model's)");
  command->add_option("-H,--height", params.height,
                      "Pixels, a multiple of 8 (default: the model's)");
  command->add_option("-s,--steps", params.steps, "1 to 100 (default 8)");
  command->add_option("--cfg", params.cfg, "Guidance, 0 to 30 (default 1: none)");
  command->add_option("--sampler", params.sampler, "`zanime nodes` lists them (default euler)");
  command->add_option("--scheduler", params.scheduler,
                      "`zanime nodes` lists them (default simple)");
  command->add_option("--shift", params.shift, "Of the noise levels (default 3)");
  command->add_option("--seed", options->seed, "0 to 2^64 - 1 (default: random, and printed)");
  command->add_option("-b,--batch", params.batch, "Pictures at once, 1 to 16 (default 1)");
  command->add_option("--denoise", params.denoise, "0 to 1 (default 1)");
  command->add_option("-m,--model", params.model, "File of diffusion_models/");
  command->add_option("--text-encoder", params.text_encoder, "File of text_encoders/");
  command->add_option("--vae", params.vae, "File of vae/");
  command->add_option("--models-root", options->models_root,
                      "Folder with the model files (default: ZANIME_MODELS_ROOT, ComfyUI/models, "
                      "or the user's data folder)");
  command->add_option("-o,--output", options->output,
                      "PNG file or folder (default: a numbered name in the current folder)");
  command->callback([options, &globals, &cancel] { generate(*options, globals, cancel); });
}

}  // namespace zanime::cli
