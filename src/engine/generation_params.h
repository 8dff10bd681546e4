// What a person asks for, and the rules it must keep. Every frontend fills in this struct.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zanime {

struct GenerationParams {
  std::string prompt;
  std::string negative_prompt;
  std::optional<int64_t> width;  // pixels; when absent, what the model was made for
  std::optional<int64_t> height;
  int64_t steps = 8;
  double cfg = 1.0;
  std::string sampler = "euler";
  std::string scheduler = "simple";
  double shift = 3.0;
  std::optional<uint64_t> seed;  // random when absent
  int64_t batch = 1;
  double denoise = 1.0;

  // Files by the names the loaders list; empty: see Engine.
  std::string model;
  std::string text_encoder;
  std::string vae;
};

// Of the full model; the built-in one has its own.
inline constexpr int64_t kDefaultWidth = 832, kDefaultHeight = 1216;
inline constexpr int64_t kMinSide = 64, kMaxSide = 4096, kSideStep = 8;
inline constexpr int64_t kMaxSteps = 100;
inline constexpr double kMaxCfg = 30.0;
inline constexpr double kMaxShift = 100.0;
inline constexpr int64_t kMaxBatch = 16;
// Far beyond what the model was trained on, and the point where a pasted file is likelier than a
// prompt.
inline constexpr size_t kMaxPromptCharacters = 20000;

// One sentence per broken rule; empty when all is well.
std::vector<std::string> problems_of(const GenerationParams& params);
// Throws Error(kUsage) that lists every broken rule.
void validate(const GenerationParams& params);

// 64 bits from the system's random source, for a request without a seed.
uint64_t random_seed();

}  // namespace zanime
