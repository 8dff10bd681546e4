// What a person asks for, and the rules it must keep. Every frontend fills in this struct.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zanime::engine {

// An adapter and how strongly it changes the networks.
struct LoraChoice {
  std::string name = {};  // as the loader lists it; Engine also knows it without its extension
  double strength = 1.0;
};

struct GenerationParams {
  std::string prompt = {};
  std::string negative_prompt = {};
  // Whether {a|b} and __name__ in the prompts stand for something else (expand_prompt), and the
  // seed of that choice; absent: the picture's.
  bool expand = true;
  std::optional<uint64_t> wildcard_seed = {};

  std::optional<int64_t> width = {};  // pixels; when absent, what the model was made for
  std::optional<int64_t> height = {};
  int64_t steps = 8;
  double cfg = 1.0;
  std::string sampler = "euler";
  std::string scheduler = "simple";
  double shift = 3.0;
  std::optional<uint64_t> seed = {};  // random when absent
  int64_t batch = 1;
  double denoise = 1.0;

  // A picture to start from: its path, or its name in the input folder. Its `strength` says how
  // much of it is replaced (KSampler's denoise).
  std::string init_image = {};
  std::optional<double> strength = {};  // kDefaultStrength when absent
  // With it, where the picture may change: where the mask is white, or transparent.
  std::string mask = {};
  std::string mask_channel = {};  // of LoadImageMask; empty: alpha where the mask has it, else red

  // A second pass over the picture made this much larger; 1: none.
  double hires = 1.0;
  double hires_strength = 0.5;              // KSampler's denoise in that pass
  std::optional<int64_t> hires_steps = {};  // as many as in the first pass when absent
  // What is made larger: the "picture", or its "latent", which needs no encoder; empty: see Engine.
  std::string hires_from = {};

  std::vector<LoraChoice> loras = {};  // applied in this order

  // A control branch, a file of model_patches/; empty: none. It follows the control picture: edges,
  // a depth or a pose, or with `control_canny` any picture, whose edges are drawn first.
  std::string control = {};
  std::string control_image = {};  // its path, or its name in the input folder
  double control_strength = 1.0;
  bool control_canny = false;

  // A network that makes the finished picture larger, a file of upscale_models/; empty: none.
  std::string upscale = {};

  // Files by the names the loaders list; empty: see Engine.
  std::string model = {};
  std::string text_encoder = {};
  std::string vae = {};
};

// Of the full model; the built-in one has its own.
inline constexpr int64_t kDefaultWidth = 832, kDefaultHeight = 1216;
inline constexpr int64_t kMinSide = 64, kMaxSide = 4096, kSideStep = 8;
inline constexpr int64_t kMaxSteps = 100;
inline constexpr double kMaxCfg = 30.0;
inline constexpr double kMaxShift = 100.0;
inline constexpr int64_t kMaxBatch = 16;
// At a shift of 3 the noise level of 0.82 that other programs' default of 0.75 means for Stable
// Diffusion.
inline constexpr double kDefaultStrength = 0.6;
inline constexpr double kMaxHires = 4.0;
inline constexpr double kMaxLoraStrength = 100.0;
inline constexpr double kMaxControlStrength = 10.0;
// Far beyond what the model was trained on, and the point where a pasted file is likelier than a
// prompt.
inline constexpr size_t kMaxPromptCharacters = 20000;

// What the second pass works on.
const std::vector<std::string>& hires_sources();

// A side of the finished picture, after a second pass that enlarges `hires` times.
int64_t finished_side(int64_t side, double hires);

// One sentence per broken rule; empty when all is well.
std::vector<std::string> problems_of(const GenerationParams& params);
// Throws Error(kUsage) that lists every broken rule.
void validate(const GenerationParams& params);

// 64 bits from the system's random source, for a request without a seed.
uint64_t random_seed();

}  // namespace zanime::engine
