// `zanime generate`: a prompt becomes pictures.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/text/quoted.h"
#include "cli/choice_options.h"
#include "cli/commands.h"
#include "cli/models_root_option.h"
#include "cli/picture_output.h"
#include "cli/preview_output.h"
#include "cli/progress_view.h"
#include "cli/result_report.h"
#include "engine/builtin_model.h"
#include "engine/engine.h"
#include "engine/presets.h"
#include "pictures/picture_file.h"
#include "pictures/picture_grid.h"

namespace zanime::cli {
namespace {

constexpr int64_t kMaxCount = 1000;

struct GenerateOptions {
  engine::GenerationParams params;
  std::string preset, model_preset;
  std::optional<int64_t> steps;
  std::optional<double> cfg;
  std::string seed;
  int64_t count = 1;
  std::vector<std::string> loras;
  ChoiceOptions choices;
  std::string models_root;
  std::string output, grid, preview;
  PackingOptions packing;
};

// "style:0.8"; a name alone is at full strength.
engine::LoraChoice parse_lora(const std::string& text) {
  const size_t colon = text.rfind(':');
  engine::LoraChoice lora{text.substr(0, colon), 1.0};
  bool is_well_formed = !lora.name.empty();
  if (colon != std::string::npos) {
    const char* begin = text.data() + colon + 1;
    const char* end = text.data() + text.size();
    if (begin < end && *begin == '+') ++begin;
    const auto [rest, error] = std::from_chars(begin, end, lora.strength);
    is_well_formed = is_well_formed && error == std::errc() && rest == end;
  }
  if (!is_well_formed) {
    throw Error(ErrorKind::kUsage, "--lora is " + text::quoted(text) +
                                       ", but must be NAME:STRENGTH, a file of loras/ and a "
                                       "number, such as style.safetensors:0.8");
  }
  return lora;
}

// What the options that are the program's own say of the request.
engine::GenerationParams read_params(const GenerateOptions& options) {
  engine::GenerationParams params = options.params;
  if (!options.preset.empty()) {
    const engine::SizePreset& preset = engine::size_preset(options.preset);
    if (params.width || params.height) {
      throw Error(ErrorKind::kUsage, "--preset " + options.preset + " is " +
                                         std::to_string(preset.width) + " x " +
                                         std::to_string(preset.height) +
                                         "; leave out --width and --height, or the preset");
    }
    params.width = preset.width;
    params.height = preset.height;
  }
  if (!options.model_preset.empty()) {
    const engine::ModelPreset& preset = engine::model_preset(options.model_preset);
    params.steps = preset.steps;
    params.cfg = preset.cfg;
  }
  if (options.steps) params.steps = *options.steps;
  if (options.cfg) params.cfg = *options.cfg;
  if (!options.seed.empty()) params.seed = parse_seed("--seed", options.seed);
  params.wildcard_seed = options.choices.seed();
  params.expand = !options.choices.literal;
  for (const std::string& lora : options.loras) params.loras.push_back(parse_lora(lora));
  return params;
}

void check_numbers(const GenerateOptions& options) {
  if (options.count < 1 || options.count > kMaxCount) {
    throw Error(ErrorKind::kUsage, "count is " + std::to_string(options.count) +
                                       ", but must be from 1 to " + std::to_string(kMaxCount));
  }
  if (!options.grid.empty() && options.count * options.params.batch < 2) {
    throw Error(ErrorKind::kUsage,
                "--grid puts several pictures into one, and there is a single one; ask for more "
                "with --count N or --batch N");
  }
}

// One request a picture (or batch), with the seeds that follow one another. All are complete before
// the first runs: what is wrong with the last one shows at once.
std::vector<engine::CompletedParams> complete_all(const engine::Engine& engine,
                                                  engine::GenerationParams params, int64_t count) {
  params.seed = params.seed.value_or(engine::random_seed());
  std::vector<engine::CompletedParams> requests;
  for (int64_t i = 0; i < count; ++i) {
    requests.push_back(engine.complete(params));
    ++*params.seed;  // after the highest comes 0
  }
  return requests;
}

void tell_of_builtin_model(const engine::GenerationParams& params) {
  if (!engine::builtin::is_used_by(params)) return;
  log_info("no model files: drawing with the small built-in model, anime heads of " +
           std::to_string(engine::builtin::kSide) + " x " + std::to_string(engine::builtin::kSide) +
           " pixels. The full model: zanime fetch");
  const std::string strain =
      engine::builtin::strain(engine::finished_side(*params.width, params.hires),
                              engine::finished_side(*params.height, params.hires));
  if (!strain.empty()) log_warning(strain);
}

void tell_seeds(const std::vector<engine::CompletedParams>& requests) {
  std::cout << (requests.size() == 1 ? "seed " : "seeds ") << *requests.front().seed;
  if (requests.size() > 1) std::cout << " to " << *requests.back().seed;
  std::cout << std::endl;
}

// The grid of all pictures of a call.
class GridOutput {
 public:
  // Throws as checked_picture_file, and for a grid that would be too large.
  GridOutput(const std::string& asked, int64_t count, const engine::GenerationParams& params)
      : count_(count) {
    if (asked.empty()) return;
    file_ = checked_picture_file(asked, "the grid");
    encoding_ = encoding_for(file_, {});
    pictures::PictureGrid::check_size(count, engine::finished_side(*params.width, params.hires),
                                      engine::finished_side(*params.height, params.hires));
  }

  void add(const engine::EnginePicture& picture) {
    if (file_.empty()) return;
    if (!grid_) {
      grid_.emplace(count_, picture.pixels.dim(2), picture.pixels.dim(1));
      parameters_ = picture.parameters;
    }
    grid_->add(picture.pixels);
  }

  // Without a graph: run again, it would make one picture and not these.
  void write() const {
    if (!grid_) return;
    pictures::write_picture(file_, grid_->pixels(), {.prompt = "", .parameters = parameters_},
                            encoding_);
  }

  const std::filesystem::path& file() const { return file_; }

 private:
  int64_t count_;
  std::filesystem::path file_;  // empty: none is asked for
  pictures::PictureEncoding encoding_;
  std::optional<pictures::PictureGrid> grid_;
  std::string parameters_;  // of the first picture
};

void generate(const GenerateOptions& options, const GlobalOptions& globals,
              const CancelToken& cancel) {
  const engine::GenerationParams params = read_params(options);
  check_numbers(options);

  engine::EngineOptions engine_options = engine_options_for(globals);
  engine_options.models_root = options.models_root;
  engine_options.wildcards_dir = options.choices.wildcards;
  engine::Engine engine(engine_options);
  const std::vector<engine::CompletedParams> requests = complete_all(engine, params, options.count);
  tell_of_builtin_model(requests.front());
  const int64_t pictures = options.count * params.batch;
  PictureOutput output(options.output, options.packing);
  output.expect(pictures);
  GridOutput grid(options.grid, pictures, requests.front());
  PreviewOutput preview(options.preview, globals);
  output.refuse_collision(grid.file(), "the grid");
  output.refuse_collision(preview.file(), "the preview");
  refuse_same_file(grid.file(), preview.file());
  // At once: whoever stops the run still knows what to repeat.
  if (!globals.json && (!params.seed || !globals.quiet)) tell_seeds(requests);

  RunReport report;
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
      grid.add(picture);
      preview.show_finished(picture);
    };
    for (const engine::CompletedParams& request : requests) {
      report.add(engine.generate(request, cancel, hooks));
      report.seeds.push_back(*request.seed);
    }
    grid.write();
  }
  report.files = output.written();
  report.latents = output.written_latents();
  report.grid = grid.file();
  print_report(report, globals);
}

void add_picture_options(CLI::App& command, GenerateOptions& options) {
  engine::GenerationParams& params = options.params;
  const char* group = "Picture";
  command
      .add_option("-n,--negative", params.negative_prompt,
                  "What it should not show (counts where cfg is above 1)")
      ->group(group);
  command
      .add_option("--preset", options.preset,
                  "portrait (832x1216), landscape (1216x832), square (1024x1024), tall (768x1344) "
                  "or wide (1344x768)")
      ->type_name("NAME")
      ->group(group);
  command.add_option("-W,--width", params.width, "Pixels, a multiple of 8 (default: the model's)")
      ->group(group);
  command
      .add_option("-H,--height", params.height, "Pixels, a multiple of 8 (default: the model's)")
      ->group(group);
  command
      .add_option("--preset-model", options.model_preset,
                  "What a kind of model needs: distill (8 steps, cfg 1) or base (28 steps, cfg 4)")
      ->type_name("NAME")
      ->group(group);
  command.add_option("-s,--steps", options.steps, "1 to 100 (default 8)")->group(group);
  command.add_option("--cfg", options.cfg, "Guidance, 0 to 30 (default 1: none)")->group(group);
  command.add_option("--sampler", params.sampler, "`zanime nodes` lists them (default euler)")
      ->group(group);
  command.add_option("--scheduler", params.scheduler, "`zanime nodes` lists them (default simple)")
      ->group(group);
  command.add_option("--shift", params.shift, "Of the noise levels (default 3)")->group(group);
  command.add_option("--seed", options.seed, "0 to 2^64 - 1 (default: random, and printed)")
      ->type_name("N")
      ->group(group);
  command.add_option("--denoise", params.denoise, "0 to 1 (default 1)")->group(group);
}

void add_several_options(CLI::App& command, GenerateOptions& options) {
  const char* group = "Several pictures";
  command
      .add_option("-c,--count", options.count,
                  "One after another, with seeds that follow one another (default 1)")
      ->group(group);
  command.add_option("-b,--batch", options.params.batch, "At once, 1 to 16 (default 1)")
      ->group(group);
  command.add_option("--grid", options.grid, "PNG file for all of them in one")
      ->type_name("FILE")
      ->group(group);
}

void add_init_image_options(CLI::App& command, engine::GenerationParams& params) {
  const char* group = "From a picture";
  command.add_option("-i,--init-image", params.init_image, "PNG, JPEG or WebP to start from")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--strength", params.strength, "How much of it is replaced, 0 to 1 (default 0.6)")
      ->type_name("S")
      ->group(group);
  command
      .add_option("--mask", params.mask,
                  "Where it may change: a picture that is white, or transparent, there")
      ->type_name("FILE")
      ->group(group);
}

void add_hires_options(CLI::App& command, engine::GenerationParams& params) {
  const char* group = "Second pass";
  CLI::Option* hires = command
                           .add_option("--hires", params.hires,
                                       "Make the picture this much larger and refine it, 1 to 4")
                           ->type_name("SCALE")
                           ->group(group);
  command
      .add_option("--hires-strength", params.hires_strength,
                  "How much of it is made anew, 0 to 1 (default 0.5)")
      ->group(group)
      ->needs(hires);
  command
      .add_option("--hires-steps", params.hires_steps, "Steps of that pass (default: as the first)")
      ->group(group)
      ->needs(hires);
  command
      .add_option("--hires-from", params.hires_from,
                  "What is made larger: the picture, or its latent, which needs no encoder and is "
                  "less clean (default picture)")
      ->type_name("SOURCE")
      ->group(group)
      ->needs(hires);
}

void add_model_options(CLI::App& command, GenerateOptions& options) {
  engine::GenerationParams& params = options.params;
  const char* group = "Model files";
  command.add_option("-m,--model", params.model, "File of diffusion_models/")->group(group);
  command.add_option("--text-encoder", params.text_encoder, "File of text_encoders/")->group(group);
  command.add_option("--vae", params.vae, "File of vae/")->group(group);
  command
      .add_option("--lora", options.loras,
                  "A file of loras/ and how strongly it counts, as in style:0.8 (repeatable)")
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("NAME:STRENGTH")
      ->group(group);
  add_models_root_option(command, options.models_root)->type_name("FOLDER")->group(group);
}

void add_control_options(CLI::App& command, engine::GenerationParams& params) {
  const char* group = "Control";
  CLI::Option* control =
      command
          .add_option("--control", params.control,
                      "File of model_patches/ that follows a picture: a Z-Image Fun ControlNet")
          ->type_name("NAME")
          ->group(group);
  CLI::Option* image = command
                           .add_option("--control-image", params.control_image,
                                       "The picture: edges, a depth or a pose")
                           ->type_name("FILE")
                           ->group(group)
                           ->needs(control);
  control->needs(image);
  command
      .add_option("--control-strength", params.control_strength,
                  "How strongly it is followed, -10 to 10 (default 1)")
      ->type_name("S")
      ->group(group)
      ->needs(control);
  command
      .add_flag("--control-canny", params.control_canny,
                "Draw the edges of that picture first (Canny)")
      ->group(group)
      ->needs(control);
}

void add_upscale_option(CLI::App& command, engine::GenerationParams& params) {
  command
      .add_option("--upscale", params.upscale,
                  "File of upscale_models/ that makes the finished picture larger")
      ->type_name("NAME")
      ->group("Upscaling");
}

void add_output_options(CLI::App& command, GenerateOptions& options) {
  const char* group = "Output";
  command
      .add_option("-o,--output", options.output,
                  "PNG, WebP or JPEG file, or folder (default: a numbered name in the current "
                  "folder)")
      ->type_name("PATH")
      ->group(group);
  add_packing_options(command, options.packing, group);
  command
      .add_option("--preview", options.preview,
                  "PNG file that shows the picture as it forms, and the terminal where it can show "
                  "pictures; - for the terminal alone")
      ->type_name("FILE")
      ->group(group);
}

}  // namespace

void add_generate_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command = app.add_subcommand("generate", "Make pictures from a prompt");
  const auto options = std::make_shared<GenerateOptions>();
  command
      ->add_option(
          "prompt", options->params.prompt,
          "What the picture should show; {red|blue} is one of them, __name__ a line of the "
          "wildcard file name.txt")
      ->required();
  add_picture_options(*command, *options);
  add_choice_options(*command, options->choices);
  add_several_options(*command, *options);
  add_init_image_options(*command, options->params);
  add_hires_options(*command, options->params);
  add_control_options(*command, options->params);
  add_upscale_option(*command, options->params);
  add_model_options(*command, *options);
  add_output_options(*command, *options);
  command->callback([options, &globals, &cancel] { generate(*options, globals, cancel); });
}

}  // namespace zanime::cli
