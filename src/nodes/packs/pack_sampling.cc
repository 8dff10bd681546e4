// Samplers and noise levels.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nodes/packs/pack_nodes.h"
#include "nodes/sampling/sampling_run.h"

namespace zanime::nodes {
namespace {

// Z-Image Power Nodes' way through Z-Image-Turbo: three runs of Euler over noise levels of their
// own, the first and the last with new noise.
struct ThreeRuns {
  std::vector<float> first, second, third;
};

ThreeRuns three_runs(int64_t steps) {
  ThreeRuns runs{{0.991f, 0.98f, 0.92f}, {0.942f, 0.78f, 0.0f}, {0.6582f, 0.3019f, 0.0f}};
  if (steps >= 8) runs.second = {0.935f, 0.90f, 0.875f, 0.750f, 0.0f};
  if (steps >= 9) runs.third = {0.6582f, 0.4556f, 0.2f, 0.0f};
  if (steps == 7) runs.second = {0.935f, 0.8916f, 0.76f, 0.0f};
  if (steps == 5) runs.third = {0.62f, 0.0f};
  if (steps <= 4) {
    runs.second = {0.942f, 0.0f};
    runs.third = {0.79f, 0.0f};
  }
  return runs;
}

std::vector<Value> sample_in_three_runs(const Arguments& arguments, NodeContext& context) {
  constexpr uint64_t kThirdSeed = 696969;
  const uint64_t seed = arguments.seed("seed");
  const ThreeRuns runs = three_runs(arguments.integer("steps"));
  Latent latent = arguments.get<Latent>("latent_input");
  const auto run = [&](const std::vector<float>& sigmas, Noise noise) {
    latent = run_sampling({.guider = {.kind = Guider::Kind::kCfg,
                                      .model = arguments.get<Model>("model"),
                                      .positive = arguments.get<Conditioning>("positive"),
                                      .negative = arguments.get<Conditioning>("positive"),
                                      .cfg = 1.0},
                           .sampler = {"euler"},
                           .sigmas = sigmas,
                           .noise = noise,
                           .latent = latent},
                          context)
                 .output;
  };
  run(runs.first, {.seed = seed});
  run(runs.second, {.seed = seed, .zero = true});
  run(runs.third, {.seed = kThirdSeed});
  return {latent};
}

std::vector<Value> falling_evenly(const Arguments& arguments, NodeContext&) {
  const int64_t steps = arguments.integer("steps");
  Sigmas sigmas;
  // As torch.linspace: from both ends, so that the last is exactly 0.
  const float step = -1.0f / static_cast<float>(steps);
  for (int64_t i = 0; i <= steps; ++i) {
    const bool is_first_half = i < (steps + 1) / 2;
    sigmas.values.push_back(is_first_half ? 1.0f + step * static_cast<float>(i)
                                          : 0.0f - step * static_cast<float>(steps - i));
  }
  return {sigmas};
}

}  // namespace

void add_pack_sampling_nodes(NodeTypes& types) {
  types.push_back(pack_node(
      "ComfyUI-ZImagePowerNodes", "ZSamplerTurbo //ZImagePowerNodes",
      "Samples Z-Image-Turbo in three runs over noise levels made for it.",
      {link("model", "MODEL"), link("positive", "CONDITIONING"), link("latent_input", "LATENT"),
       integer("seed", 0, 0, std::numeric_limits<uint64_t>::max()), integer("steps", 9, 4, 9),
       real("denoise", 1.0, 0.98, 1.0, 0.01)},
      {{"LATENT", "latent_output"}}, sample_in_three_runs));
  types.push_back(pack_node("ComfyUI-CapitanZiT-Scheduler", "CapitanZiTLinearSigma",
                            "Noise levels that fall evenly from 1 to 0.",
                            {integer("steps", 9, 1, 100)}, {{"SIGMAS", "SIGMAS"}}, falling_evenly));
}

}  // namespace zanime::nodes
