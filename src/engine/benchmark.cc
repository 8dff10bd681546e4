#include "engine/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "base/error.h"
#include "base/files/folders.h"
#include "base/text/size_text.h"
#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "models/autoencoder.h"
#include "models/next_dit.h"
#include "models/qwen3.h"
#include "ops/bare_arithmetic.h"
#include "ops/product_recorder.h"
#include "sampling/noise.h"

namespace zanime::engine {
namespace {

namespace fs = std::filesystem;

// What the libraries and the conversion take here, each measured once in a run.
class Rates {
 public:
  explicit Rates(ops::BareArithmetic& arithmetic) : arithmetic_(arithmetic) {}

  double seconds_of(const ops::ProductShape& shape) {
    const auto [found, is_new] = products_.try_emplace(shape, 0.0);
    if (is_new) found->second = arithmetic_.seconds_of_product(shape.m, shape.n, shape.k);
    return found->second;
  }

  double seconds_of(const ops::ProductRecorder::AttentionCall& call) {
    const auto [found, is_new] = attentions_.try_emplace(call, 0.0);
    if (is_new) found->second = arithmetic_.seconds_of_attention(call.layout, call.causal);
    return found->second;
  }

  double seconds_of_conversion(double weights) {
    if (weights == 0) return 0;
    if (!a_conversion_) a_conversion_ = arithmetic_.seconds_of_a_conversion();
    return weights * *a_conversion_;
  }

 private:
  ops::BareArithmetic& arithmetic_;
  std::map<ops::ProductShape, double> products_;
  std::map<ops::ProductRecorder::AttentionCall, double> attentions_;
  std::optional<double> a_conversion_;
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Bench {
 public:
  Bench(const BenchmarkOptions& options, ops::Backend& backend, const CancelToken& cancel,
        const std::function<void(const BenchmarkStage&)>& on_stage)
      : options_(options),
        recorder_(backend),
        arithmetic_(backend.bare_arithmetic()),
        rates_(*arithmetic_),
        cancel_(cancel),
        on_stage_(on_stage) {}

  // `work(backend)` is one run of the network; its weights number `weights`.
  template <typename Work>
  void measure(const std::string& name, int64_t side, double weights, Work work) {
    BenchmarkStage stage;
    stage.name = name;
    stage.side = side;
    stage.seconds = std::numeric_limits<double>::infinity();
    {
      const MemoryWatch watch;
      arithmetic_->take_peak_bytes();
      if (warm_.insert(name).second) work(recorder_);
      for (int run = 0; run < options_.repeats; ++run) {
        recorder_.clear();
        const Clock::time_point start = Clock::now();
        work(recorder_);
        stage.seconds = std::min(stage.seconds, seconds_since(start));
      }
      stage.peak = watch.peak();
      stage.peak_device_bytes = arithmetic_->take_peak_bytes();
    }
    stage.flops = recorder_.flops();
    const auto add_ideal = [&](const auto& calls) {
      for (const auto& [call, count] : calls) {
        cancel_.throw_if_cancelled();
        stage.ideal_seconds += static_cast<double>(count) * rates_.seconds_of(call);
      }
    };
    add_ideal(recorder_.products());
    add_ideal(recorder_.attentions());
    stage.conversion_seconds = rates_.seconds_of_conversion(weights);
    stages_.push_back(stage);
    if (on_stage_) on_stage_(stage);
  }

  std::vector<BenchmarkStage> stages() && { return std::move(stages_); }

 private:
  const BenchmarkOptions& options_;
  ops::ProductRecorder recorder_;
  const std::unique_ptr<ops::BareArithmetic> arithmetic_;
  Rates rates_;
  std::set<std::string> warm_;  // stages whose weights are in the page cache
  const CancelToken& cancel_;
  const std::function<void(const BenchmarkStage&)>& on_stage_;
  std::vector<BenchmarkStage> stages_;
};

// Values in all tensors of a network but the one named `without`.
double weights_of(const checkpoints::ModelWeights& weights, const std::string& without = "") {
  double count = 0;
  for (const auto& [name, weight] : weights.all()) {
    if (name != without) count += static_cast<double>(weight.shape().size());
  }
  return count;
}

// Ids from the middle of the vocabulary: their rows are not in any cache.
std::vector<int32_t> some_ids(int64_t count, int64_t vocabulary) {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<int32_t>((i + 1) * 7919 % vocabulary));
  }
  return ids;
}

// From token ids to pixels, with networks that stay loaded, as the second picture of a run is made.
void measure_picture(const BenchmarkOptions& options, int64_t side, Bench& bench,
                     const CancelToken& cancel) {
  const models::Qwen3TextEncoder encoder(
      checkpoints::open_model_weights(options.text_encoder, checkpoints::ModelFamily::kQwen3));
  const models::NextDit network(
      checkpoints::open_model_weights(options.model, checkpoints::ModelFamily::kZImage));
  const models::AutoencoderDecoder decoder(
      checkpoints::open_model_weights(options.vae, checkpoints::ModelFamily::kFluxAutoencoder));
  const std::vector<int32_t> ids = some_ids(options.tokens, encoder.config().vocabulary);
  const int64_t extent = side / models::kPixelsPerLatent;
  const Shape shape{1, network.config().latent_channels, extent, extent};
  bench.measure("picture", side, 0, [&](ops::Backend& recorder) {
    Tensor latent = sampling::normal_noise(shape, 1);
    const models::NextDit::Caption caption =
        network.embed_caption(encoder.encode(ids, recorder, cancel), recorder, cancel);
    const models::NextDit::Canvas canvas = network.canvas(latent, caption, recorder);
    const auto step = 1.0f / static_cast<float>(options.steps);
    for (int i = 0; i < options.steps; ++i) {
      const float sigma = 1.0f - static_cast<float>(i) * step;
      const Tensor velocity = network.velocity(latent, sigma, caption, canvas, recorder, cancel);
      Tensor next = latent.clone();
      for (int64_t k = 0; k < next.size(); ++k) next.data()[k] -= step * velocity.data()[k];
      latent = next;
    }
    decoder.decode(latent, recorder, cancel);
  });
}

}  // namespace

BenchmarkResult run_benchmark(const BenchmarkOptions& options, ops::Backend& backend,
                              const CancelToken& cancel,
                              const std::function<void(const BenchmarkStage&)>& on_stage) {
  BenchmarkResult result;
  Bench bench(options, backend, cancel, on_stage);
  Tensor conditioning;
  if (options.stages.contains("encode")) {
    const Clock::time_point start = Clock::now();
    const models::Qwen3TextEncoder encoder(
        checkpoints::open_model_weights(options.text_encoder, checkpoints::ModelFamily::kQwen3));
    result.open_seconds += seconds_since(start);
    const auto& config = encoder.config();
    const std::vector<int32_t> ids = some_ids(options.tokens, config.vocabulary);
    // The last layer does not run, and of the embedding only the rows of the tokens are read.
    const double all = weights_of(encoder.weights(), "embed_tokens.weight");
    const double weights =
        all * static_cast<double>(config.layers - 1) / static_cast<double>(config.layers);
    bench.measure("encode", 0, weights, [&](ops::Backend& recorder) {
      conditioning = encoder.encode(ids, recorder, cancel);
    });
  }
  if (options.stages.contains("step")) {
    Clock::time_point start = Clock::now();
    const models::NextDit network(
        checkpoints::open_model_weights(options.model, checkpoints::ModelFamily::kZImage));
    result.open_seconds += seconds_since(start);
    if (conditioning.empty()) {  // its values do not change the time
      conditioning = sampling::normal_noise(Shape{options.tokens, network.config().caption_dim}, 3);
    }
    network.embed_caption(conditioning, backend, cancel);  // reads its weights
    start = Clock::now();
    const models::NextDit::Caption caption = network.embed_caption(conditioning, backend, cancel);
    result.caption_seconds = seconds_since(start);
    const double weights = weights_of(network.weights());
    for (const int64_t side : options.sides) {
      const Tensor latent = sampling::normal_noise(
          Shape{1, network.config().latent_channels, side / models::kPixelsPerLatent,
                side / models::kPixelsPerLatent},
          1);
      const models::NextDit::Canvas canvas = network.canvas(latent, caption, backend);
      bench.measure("step", side, weights, [&](ops::Backend& recorder) {
        network.velocity(latent, 0.5f, caption, canvas, recorder, cancel);
      });
    }
  }
  if (options.stages.contains("decode")) {
    const models::AutoencoderDecoder decoder(
        checkpoints::open_model_weights(options.vae, checkpoints::ModelFamily::kFluxAutoencoder));
    for (const int64_t side : options.sides) {
      const Tensor latent = sampling::normal_noise(
          Shape{1, decoder.latent_channels(), side / models::kPixelsPerLatent,
                side / models::kPixelsPerLatent},
          2);
      bench.measure("decode", side, 0,
                    [&](ops::Backend& recorder) { decoder.decode(latent, recorder, cancel); });
    }
  }
  if (options.stages.contains("picture")) {
    for (const int64_t side : options.sides) measure_picture(options, side, bench, cancel);
  }
  result.stages = std::move(bench).stages();
  return result;
}

void make_benchmark_files(const fs::path& folder, BenchmarkOptions& options,
                          const std::function<void(const std::string&)>& on_file) {
  constexpr int64_t kBytes = 10'500'000'000;
  options.model = folder / "z-image-synthetic-fp8.safetensors";
  options.text_encoder = folder / "qwen3-4b-synthetic-fp8.safetensors";
  options.vae = folder / "ae-synthetic-bf16.safetensors";
  std::error_code error;
  fs::create_directories(folder, error);
  if (fs::exists(options.model) && fs::exists(options.text_encoder) && fs::exists(options.vae)) {
    return;
  }
  if (const int64_t room = files::free_bytes(folder); room < kBytes) {
    throw Error(ErrorKind::kResource,
                "the synthetic files need " + text::size_text(kBytes) + " in " + folder.string() +
                    ", which has " + text::size_text(room) +
                    "; name another folder with --cache, or files of your own with --model, "
                    "--text-encoder and --vae");
  }
  const auto make = [&](const fs::path& path, auto write) {
    if (fs::exists(path)) return;
    on_file(path.string());
    write(path);
  };
  make(options.model, [](const fs::path& path) {
    checkpoints::synth_dit(path, checkpoints::DitSpec(), DType::kF8E4M3,
                           checkpoints::NameLayout::kDiffusers);
  });
  make(options.text_encoder, [](const fs::path& path) {
    checkpoints::synth_qwen3(path, checkpoints::Qwen3Spec(), DType::kF8E4M3);
  });
  make(options.vae, [](const fs::path& path) {
    checkpoints::synth_autoencoder(path, checkpoints::AutoencoderSpec(), DType::kBF16);
  });
}

fs::path default_benchmark_folder() {
  return files::xdg_folder("XDG_CACHE_HOME", ".cache") / "zanime" / "bench";
}

double seconds_since_launch() {
  // Field 22 of /proc/self/stat: when the process started, in ticks since boot (proc(5)). The
  // fields are counted from behind the name, which may hold anything.
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const double started =
      std::strtod(field.c_str(), nullptr) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 - started;
}

}  // namespace zanime::engine
