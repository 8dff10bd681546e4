#include "ops/cpu/auto_compute.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/folders.h"
#include "base/parallel.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/processor.h"

namespace zanime::ops::cpu {
namespace {

namespace fs = std::filesystem;

// What was measured with whole networks.
struct KnownProcessor {
  bool is_intel;
  int family, model;
  const char* level;
  Compute faster;
  const char* figures;
};

constexpr std::array kKnownProcessors = {
    KnownProcessor{true, 6, 143, "avx512_bf16", Compute::kFloat32,
                   "a step at 256 x 256 on 2 cores of Sapphire Rapids took 11.5 to 13.0 s in fp32 "
                   "and 18.9 to 19.9 s in bf16 without tiles"},
};

struct Trial {
  double fp32 = 0, bf16 = 0;  // seconds
};

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f ms", 1000 * seconds);
  return text;
}

// A layer of the diffusion model, narrowed, on the tokens of a picture of 256 x 256: converting its
// weights from F8 is part of it.
Trial try_both(const RowKernels& kernels) {
  constexpr int64_t kTokens = 288, kDepth = 3840, kOutputs = 1024;
  constexpr double kSecondsEach = 0.125;
  const auto bytes = std::make_shared<std::vector<std::byte>>(kOutputs * kDepth);
  std::minstd_rand generator(1);
  for (std::byte& byte : *bytes) byte = static_cast<std::byte>(generator() & 0x3f);  // no NaN
  weights::WeightPart part;
  part.data = bytes->data();
  part.dtype = DType::kF8E4M3;
  part.rows = kOutputs;
  const Linear layer{weights::Weight("trial", Shape{kOutputs, kDepth}, {part}, bytes), {}};
  Tensor x(Shape{kTokens, kDepth}), out(Shape{kTokens, kOutputs});
  std::fill(x.values().begin(), x.values().end(), 0.5f);
  const auto best_seconds = [&](Rounding rounding) {
    using Clock = std::chrono::steady_clock;
    double best = std::numeric_limits<double>::infinity(), total = 0;
    for (int run = 0; run < 2 || total < kSecondsEach; ++run) {
      const auto start = Clock::now();
      linear(kernels, x, layer, rounding, false, out);
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      best = std::min(best, seconds);
      total += seconds;
    }
    return best;
  };
  return {best_seconds(Rounding::kNone), best_seconds(Rounding::kBFloat16)};
}

// One line a processor: what it is called, a tab, seconds in fp32, a tab, seconds in bf16.
std::optional<Trial> remembered(const fs::path& memory, const std::string& processor) {
  std::ifstream file(memory);
  std::string line;
  constexpr int kMostLines = 1000;  // the file is the user's: it may hold anything
  for (int i = 0; i < kMostLines && std::getline(file, line); ++i) {
    if (!line.starts_with(processor + "\t")) continue;
    std::istringstream figures(line.substr(processor.size()));
    Trial trial;
    if (figures >> trial.fp32 >> trial.bf16 && trial.fp32 > 0 && trial.bf16 > 0) return trial;
  }
  return std::nullopt;
}

void remember(const fs::path& memory, const std::string& processor, const Trial& trial) {
  std::ostringstream text;
  text << std::ifstream(memory).rdbuf();
  std::ostringstream line;
  line << processor << '\t' << trial.fp32 << '\t' << trial.bf16 << '\n';
  const std::string all = text.str() + line.str();
  try {
    fs::create_directories(memory.parent_path());
    files::AtomicFile file(memory);
    file.write_at(0, std::as_bytes(std::span(all)));
    file.commit();
  } catch (const std::exception&) {
    // The trial is made again next time: nothing is lost but a quarter of a second.
  }
}

}  // namespace

AutoCompute choose_compute(const RowKernels& kernels, const fs::path& memory) {
  if (kernels.multiply_bf16 == nullptr) {
    return {Compute::kFloat32, "it has no products in bfloat16"};
  }
  const Processor& processor = this_processor();
  for (const KnownProcessor& known : kKnownProcessors) {
    if (known.is_intel == processor.is_intel && known.family == processor.family &&
        known.model == processor.model && kernels.level == std::string_view(known.level)) {
      return {known.faster, known.figures};
    }
  }
  const std::string key =
      processor.name + ", " + kernels.level + ", " + std::to_string(thread_count()) + " threads";
  std::optional<Trial> trial = remembered(memory, key);
  if (!trial) {
    trial = try_both(kernels);
    if (!memory.empty()) remember(memory, key, *trial);
  }
  return {trial->bf16 < trial->fp32 ? Compute::kBFloat16 : Compute::kFloat32,
          "a layer took " + seconds_text(trial->fp32) + " in fp32 and " +
              seconds_text(trial->bf16) + " in bf16 when it was tried"};
}

fs::path default_trial_memory() {
  return files::xdg_folder("XDG_CACHE_HOME", ".cache") / "zanime" / "compute.txt";
}

}  // namespace zanime::ops::cpu
