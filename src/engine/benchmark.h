// How fast the three networks run here, beside what the machine's own matrix product would take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/memory_use.h"
#include "ops/ops.h"

namespace zanime::engine {

struct BenchmarkOptions {
  std::filesystem::path model, text_encoder, vae;
  std::set<std::string> stages = {"encode", "step", "decode"};  // and "picture": all of them
  int steps = 8;                                                // of a picture
  std::vector<int64_t> sides = {256, 512};                      // of square pictures, in pixels
  int64_t tokens = 26;                                          // of the prompt, template included
  // Measured runs of each stage; the best counts. A network's first run, which reads its file, is
  // one more that is not.
  int repeats = 1;
};

// One network at one size.
struct BenchmarkStage {
  std::string name;  // "encode", "step", "decode", "picture"
  int64_t side = 0;  // pixels; 0 for encode
  double seconds = 0;
  double flops = 0;
  // The same products and attention alone, one after another, as ops::BareArithmetic has them.
  double ideal_seconds = 0;
  // Converting every weight of the network once, as is needed before multiplying.
  double conversion_seconds = 0;
  MemoryUse peak;
  int64_t peak_device_bytes = 0;  // 0 on a processor
};

struct BenchmarkResult {
  std::vector<BenchmarkStage> stages;
  // What passes before the first step beside encoding: the text encoder's and the diffusion model's
  // files are opened, and the caption goes through its own branch.
  double open_seconds = 0;
  double caption_seconds = 0;
};

// Runs the stages in order, calling `on_stage` with each as soon as it is measured. The library's
// rates are taken in between, for each shape that a network multiplies. Throws as the networks do.
BenchmarkResult run_benchmark(const BenchmarkOptions& options, ops::Backend& backend,
                              const CancelToken& cancel,
                              const std::function<void(const BenchmarkStage&)>& on_stage);

// The three files at the released models' widths, diffusion model and text encoder in F8_E4M3,
// made in `folder` where they are missing (10.3 GB); the paths go into `options`. `on_file` is told
// which one is being written. Throws Error(kResource) where the disk has not the room.
void make_benchmark_files(const std::filesystem::path& folder, BenchmarkOptions& options,
                          const std::function<void(const std::string&)>& on_file);

// XDG_CACHE_HOME or ~/.cache, with zanime/bench.
std::filesystem::path default_benchmark_folder();

// Seconds since this process was started.
double seconds_since_launch();

}  // namespace zanime::engine
