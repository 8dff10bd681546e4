// `zanime bench`: seconds, rates and memory of each network, beside what the machine could do.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "engine/benchmark.h"
#include "engine/engine.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

constexpr double kGiga = 1e9, kTera = 1e12, kGiB = 1024.0 * 1024.0 * 1024.0;

struct Options {
  engine::BenchmarkOptions benchmark;
  std::string cache;
};

std::string label(const engine::BenchmarkStage& stage, int64_t tokens) {
  if (stage.side == 0) return stage.name + " " + std::to_string(tokens) + " tokens";
  return stage.name + " " + std::to_string(stage.side) + " x " + std::to_string(stage.side);
}

void print_row(const std::vector<std::string>& cells) {
  static constexpr int kWidths[] = {20, 9, 9, 9, 9, 8, 11, 9};
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto width = static_cast<size_t>(kWidths[i]);
    const std::string pad(width - std::min(width, cells[i].size()), ' ');
    line += i == 0 ? cells[i] + pad : pad + cells[i];
  }
  std::cout << line << std::endl;
}

void print_stage(const engine::BenchmarkStage& stage, int64_t tokens) {
  const bool converts = stage.conversion_seconds > 0;
  const int decimals = stage.seconds < 1 ? 4 : 2;
  print_row({label(stage, tokens), fixed(stage.seconds, decimals), fixed(stage.flops / kTera, 3),
             fixed(stage.flops / stage.seconds / kGiga, 0), fixed(stage.ideal_seconds, decimals),
             fixed(stage.seconds / stage.ideal_seconds, 2),
             converts ? fixed(stage.conversion_seconds, decimals) : "-",
             fixed(static_cast<double>(stage.peak_device_bytes > 0 ? stage.peak_device_bytes
                                                                   : stage.peak.anonymous) /
                       kGiB,
                   2)});
}

ordered_json as_json(const engine::BenchmarkStage& stage) {
  return {{"stage", stage.name},
          {"side", stage.side},
          {"seconds", stage.seconds},
          {"flops", stage.flops},
          {"flops_per_second", stage.flops / stage.seconds},
          {"ideal_seconds", stage.ideal_seconds},
          {"ratio", stage.seconds / stage.ideal_seconds},
          {"conversion_seconds", stage.conversion_seconds},
          {"peak_anonymous_bytes", stage.peak.anonymous},
          {"peak_total_bytes", stage.peak.total},
          {"peak_device_bytes", stage.peak_device_bytes}};
}

// A path as it stands, or a name in the folder of the models root.
std::filesystem::path model_file(const std::string& name, const char* folder,
                                 const engine::Engine& engine) {
  std::error_code error;
  if (std::filesystem::is_regular_file(name, error)) return name;
  return engine.files().find(folder, name);
}

void bench(const Options& options, const GlobalOptions& globals, const CancelToken& cancel) {
  const double launched = engine::seconds_since_launch();
  engine::BenchmarkOptions benchmark = options.benchmark;
  const bool own_files =
      !benchmark.model.empty() || !benchmark.text_encoder.empty() || !benchmark.vae.empty();
  if (own_files) {
    if (benchmark.model.empty() || benchmark.text_encoder.empty() || benchmark.vae.empty()) {
      throw Error(ErrorKind::kUsage,
                  "--model, --text-encoder and --vae go together; leave all of them out for "
                  "synthetic files of the released models' size");
    }
    const engine::Engine engine(engine::EngineOptions::from_environment());
    benchmark.model = model_file(benchmark.model, "diffusion_models", engine);
    benchmark.text_encoder = model_file(benchmark.text_encoder, "text_encoders", engine);
    benchmark.vae = model_file(benchmark.vae, "vae", engine);
  } else {
    engine::make_benchmark_files(options.cache.empty() ? engine::default_benchmark_folder()
                                                       : std::filesystem::path(options.cache),
                                 benchmark,
                                 [](const std::string& path) { log_info("writing " + path); });
  }

  const auto backend = ops::make_backend(globals.backend);
  if (!globals.json) {
    std::cout << backend->description() << '\n'
              << "ideal: " << backend->bare_arithmetic()->what() << '\n';
    print_row({"stage", "seconds", "TFLOP", "GFLOP/s", "ideal s", "ratio", "convert s", "GiB"});
  }
  const engine::BenchmarkResult result =
      engine::run_benchmark(benchmark, *backend, cancel, [&](const engine::BenchmarkStage& stage) {
        if (!globals.json) print_stage(stage, benchmark.tokens);
      });
  const auto encoding =
      std::find_if(result.stages.begin(), result.stages.end(),
                   [](const engine::BenchmarkStage& stage) { return stage.name == "encode"; });
  const bool knows_first_step =
      encoding != result.stages.end() && benchmark.stages.contains("step");
  const double before_step = launched + result.open_seconds + result.caption_seconds;
  if (!globals.json) {
    std::cout
        << "convert: all weights of the network once; GiB: peak of memory, of the device's or "
           "that is no file's\n";
    if (knows_first_step) {
      std::cout << "launch to first step: " << fixed(before_step, 2) << " s and encoding, "
                << fixed(encoding->seconds, 2) << " s\n";
    }
    return;
  }
  ordered_json object = {{"backend", backend->description()},
                         {"model", benchmark.model.string()},
                         {"text_encoder", benchmark.text_encoder.string()},
                         {"vae", benchmark.vae.string()},
                         {"tokens", benchmark.tokens},
                         {"launch_seconds", launched},
                         {"open_seconds", result.open_seconds},
                         {"caption_seconds", result.caption_seconds},
                         {"stages", ordered_json::array()}};
  if (knows_first_step) {
    object["launch_to_first_step_seconds"] = before_step + encoding->seconds;
  }
  for (const engine::BenchmarkStage& stage : result.stages)
    object["stages"].push_back(as_json(stage));
  std::cout << object.dump(2) << '\n';
}

}  // namespace

void add_bench_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command =
      app.add_subcommand("bench", "Measure the networks beside the machine's matrix product");
  const auto options = std::make_shared<Options>();
  engine::BenchmarkOptions& benchmark = options->benchmark;
  command
      ->add_option("--sizes", benchmark.sides,
                   "Sides of square pictures, pixels, with commas (default 256,512)")
      ->delimiter(',')
      ->check(CLI::Range(int64_t{64}, int64_t{4096}));
  command
      ->add_option("--stages", benchmark.stages,
                   "Of encode, step, decode and picture (all of them), with commas (default: the "
                   "first three)")
      ->delimiter(',')
      ->check(CLI::IsMember({"encode", "step", "decode", "picture"}));
  command->add_option("--steps", benchmark.steps, "Of a picture (default 8)")
      ->check(CLI::Range(1, 1000));
  command->add_option("--tokens", benchmark.tokens, "Of the prompt (default 26)")
      ->check(CLI::Range(int64_t{1}, int64_t{4096}));
  command
      ->add_option("--repeats", benchmark.repeats,
                   "Measured runs of each stage; the best counts (default 1)")
      ->check(CLI::Range(1, 100));
  command->add_option("-m,--model", benchmark.model, "File of diffusion_models/, or a path");
  command->add_option("--text-encoder", benchmark.text_encoder,
                      "File of text_encoders/, or a path");
  command->add_option("--vae", benchmark.vae, "File of vae/, or a path");
  command->add_option("--cache", options->cache,
                      "Folder of the synthetic files (default: ~/.cache/zanime/bench)");
  command->callback([options, &globals, &cancel] { bench(*options, globals, cancel); });
}

}  // namespace zanime::cli
