#include "sampling/brownian.h"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace zanime::sampling {
namespace {

TEST(SeedSequence, EqualsNumpy) {
  // numpy.random.SeedSequence(5, spawn_key=(3, 2), pool_size=24).generate_state(4)
  const std::vector<uint32_t> spawned{432122160u, 857451279u, 845070096u, 3996557897u};
  EXPECT_EQ(seed_sequence(5, std::array{3u, 2u}, 24, 4), spawned);
  // numpy.random.SeedSequence(2**40 + 7, pool_size=24).generate_state(3)
  const std::vector<uint32_t> plain{3531690330u, 3002667236u, 1514406079u};
  EXPECT_EQ(seed_sequence((uint64_t{1} << 40) + 7, {}, 24, 3), plain);
}

// torchsde.BrownianTree(t0, zeros(1, 2, 3, 4), t1, entropy=2**40 + 7), the first four values of its
// increments.
TEST(BrownianPath, EqualsTorchsde) {
  struct Increment {
    float from, to;
    std::array<float, 4> values;
  };
  const std::array increments{
      Increment{0.9f, 0.95f, {0.05323236f, 0.22822197f, 0.23303328f, -0.35520229f}},
      Increment{0.5f, 0.9f, {-0.02714437f, -0.10982618f, 1.46274733f, -1.47162235f}},
      Increment{0.0121f, 0.3333333f, {0.18574870f, 0.53081787f, -0.05025545f, 0.04392462f}},
      Increment{0.002994f, 1.0f, {0.43188369f, 0.41751724f, 2.24226856f, -1.85536921f}}};
  const BrownianPath path({1, 2, 3, 4}, 0.002994012087583542f, 1.0, (uint64_t{1} << 40) + 7);
  for (const Increment& increment : increments) {
    const Tensor from = path.at(increment.from);
    const Tensor to = path.at(increment.to);
    for (size_t i = 0; i < increment.values.size(); ++i) {
      EXPECT_NEAR(to.data()[i] - from.data()[i], increment.values[i], 2e-6) << increment.from;
    }
  }
}

TEST(BrownianNoise, IsStandardNormalAndIndependentFromStepToStep) {
  const std::vector<float> sigmas{1.0f, 0.7f, 0.3f, 0.05f, 0.0f};
  BrownianNoise noise({1 << 15}, sigmas, 3);
  Tensor previous;
  for (size_t i = 0; i + 2 < sigmas.size(); ++i) {
    const Tensor step = noise(sigmas[i], sigmas[i + 1]);
    double squares = 0.0, products = 0.0;
    for (int64_t k = 0; k < step.size(); ++k) {
      squares += static_cast<double>(step.data()[k]) * step.data()[k];
      if (!previous.empty()) products += static_cast<double>(step.data()[k]) * previous.data()[k];
    }
    EXPECT_NEAR(squares / static_cast<double>(step.size()), 1.0, 0.03) << i;
    EXPECT_NEAR(products / static_cast<double>(step.size()), 0.0, 0.03) << i;
    previous = step;
  }
}

TEST(BrownianNoise, OfAWholeStepIsThatOfItsHalves) {
  const std::vector<float> sigmas{0.9f, 0.1f, 0.0f};
  BrownianNoise noise({32}, sigmas, 3);
  const Tensor whole = noise(0.9f, 0.1f);
  const Tensor first = noise(0.9f, 0.6f);
  const Tensor second = noise(0.6f, 0.1f);
  for (int64_t i = 0; i < whole.size(); ++i) {
    EXPECT_NEAR(whole.data()[i] * std::sqrt(0.8),
                first.data()[i] * std::sqrt(0.3) + second.data()[i] * std::sqrt(0.5), 1e-5);
  }
}

}  // namespace
}  // namespace zanime::sampling
