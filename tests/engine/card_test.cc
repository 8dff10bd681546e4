// Whole pictures on a card: what only shows there. In builds for cards, where ZANIME_TEST_DEVICE
// names one.
#ifdef ZANIME_CUDA
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/memory_use.h"
#include "engine/builtin_model.h"
#include "engine/engine.h"
#include "ops/cuda/nvidia/nvidia_memory.h"
#include "tests/support/backends.h"

namespace zanime::engine {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class CardPictures : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!zanime::testing::test_device().starts_with("cuda")) GTEST_SKIP() << "no card is named";
  }

  // With the built-in model.
  static Engine make_engine(ops::Compute compute = ops::Compute::kBFloat16, int64_t memory = 0,
                            const std::string& device = zanime::testing::test_device()) {
    EngineOptions options;
    options.backend = {.device = device, .compute = compute, .memory = memory};
    return Engine(options);
  }

  static GenerationParams request(uint64_t seed, int64_t side = builtin::kSide) {
    GenerationParams params;
    params.model = builtin::kDiffusionModel;
    params.prompt = "1girl, silver hair";
    params.width = params.height = side;
    params.steps = 4;
    params.seed = seed;
    return params;
  }

  static Tensor picture(Engine& engine, const GenerationParams& params,
                        const EngineHooks& hooks = {}) {
    const CancelToken cancel;
    return engine.generate(params, cancel, hooks).pictures.at(0).pixels;
  }

  static bool is_same(const Tensor& a, const Tensor& b) {
    return a.shape() == b.shape() &&
           std::equal(a.values().begin(), a.values().end(), b.values().begin());
  }

  static double psnr(const Tensor& a, const Tensor& b) {
    double squares = 0;
    for (int64_t i = 0; i < a.size(); ++i) {
      squares += std::pow(static_cast<double>(a.data()[i]) - b.data()[i], 2);
    }
    return squares == 0 ? INFINITY : 10 * std::log10(static_cast<double>(a.size()) / squares);
  }

  // Hooks that call `act` after the first step.
  template <typename Act>
  static EngineHooks after_first_step(const Act& act) {
    EngineHooks hooks;
    hooks.progress = [act](const nodes::ProgressEvent& event) {
      if (event.kind == nodes::ProgressEvent::Kind::kStep && event.step == 1) act();
    };
    return hooks;
  }
};

TEST_F(CardPictures, AreTheProcessorsPictures) {
  Engine processor = make_engine(ops::Compute::kFloat32, 0, "cpu");
  const Tensor expected = picture(processor, request(1));
  for (auto [compute, least] :
       std::vector<std::pair<ops::Compute, double>>{{ops::Compute::kFloat32, 50},
                                                    {ops::Compute::kBFloat16, 30},
                                                    {ops::Compute::kFloat8, 0},
                                                    {ops::Compute::kInt8, 0}}) {
    Engine card = make_engine(compute);
    const double near = psnr(picture(card, request(1)), expected);
    std::printf("built-in model, mode %d: %.1f dB\n", static_cast<int>(compute), near);
    EXPECT_GE(near, least);
  }
}

TEST_F(CardPictures, AreTheSameInEveryMemoryPlan) {
  Engine whole = make_engine();
  const Tensor expected = picture(whole, request(2));
  // None of the weights stay, and some.
  for (int64_t memory : {int64_t{1}, 1540 * kMiB, 1560 * kMiB}) {
    Engine small = make_engine(ops::Compute::kBFloat16, memory);
    EXPECT_TRUE(is_same(picture(small, request(2)), expected)) << memory;
    EXPECT_TRUE(is_same(picture(small, request(2)), expected)) << memory;
  }
}

TEST_F(CardPictures, TwoHundredLeaveMemoryFlat) {
  const auto memory = ops::cuda::open_memory(0);
  Engine engine = make_engine();
  const auto make = [&](int count) {
    for (int i = 0; i < count; ++i) {
      GenerationParams params = request(static_cast<uint64_t>(i), i % 2 == 0 ? 128 : 96);
      params.steps = 1;
      picture(engine, params);
    }
  };
  make(20);
  const int64_t free = memory->free_bytes(), own = memory_use().anonymous;
  make(180);
  EXPECT_GE(memory->free_bytes(), free - 32 * kMiB);
  EXPECT_LE(memory_use().anonymous, own + 32 * kMiB);
}

TEST_F(CardPictures, StopSoon) {
  Engine engine = make_engine();
  picture(engine, request(1, 1024));
  CancelToken cancel;
  std::chrono::steady_clock::time_point asked;
  EngineHooks hooks = after_first_step([&] {
    asked = std::chrono::steady_clock::now();
    cancel.cancel();
  });
  EXPECT_THROW(engine.generate(request(2, 1024), cancel, hooks), Error);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - asked;
  std::printf("stopped after %.3f s\n", taken.count());
  EXPECT_LT(taken.count(), 0.5);
  // What was under way does no harm.
  const Tensor again = picture(engine, request(1));
  EXPECT_TRUE(is_same(picture(engine, request(1)), again));
}

TEST_F(CardPictures, SurviveThatOthersTakeTheMemory) {
  Engine engine = make_engine();
  const auto memory = ops::cuda::open_memory(0);
  const Tensor expected = picture(engine, request(3));
  for (int64_t left : {int64_t{64} * kMiB, int64_t{0}}) {
    std::vector<std::shared_ptr<void>> taken;
    const EngineHooks hooks = after_first_step([&] {
      for (int64_t size = int64_t{8} << 30; size >= kMiB; size /= 2) {
        while (memory->free_bytes() - left > size) {
          try {
            taken.push_back(memory->allocate(size));
          } catch (const ops::cuda::OutOfDeviceMemory&) {
            break;
          }
        }
      }
    });
    // A larger picture than before, whose memory is not at hand.
    try {
      picture(engine, request(4, 512), hooks);
      std::printf("made with %lld MiB left\n", static_cast<long long>(left / kMiB));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kResource) << error.what();
      std::printf("with %lld MiB left: %s\n", static_cast<long long>(left / kMiB), error.what());
    }
    taken.clear();
    EXPECT_TRUE(is_same(picture(engine, request(3)), expected));
  }
}

}  // namespace
}  // namespace zanime::engine
#endif
