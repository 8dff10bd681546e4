// The three networks as lists of tensors: what a complete file of given widths contains.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/shape.h"

namespace zanime::checkpoints {

struct NamedShape {
  std::string name;
  Shape shape;
};

// Z-Image's diffusion transformer. The defaults are those of the released model.
struct DitSpec {
  int64_t dim = 3840;
  int64_t layers = 30;
  int64_t noise_refiners = 2;
  int64_t context_refiners = 2;
  int64_t head_dim = 128;
  int64_t caption_dim = 2560;
  int64_t ffn = 10240;
  bool pad_tokens = true;

  bool operator==(const DitSpec&) const = default;
};

// Qwen3; the defaults are Qwen3-4B.
struct Qwen3Spec {
  int64_t hidden = 2560;
  int64_t layers = 36;
  int64_t heads = 32;
  int64_t kv_heads = 8;
  int64_t head_dim = 128;
  int64_t ffn = 9728;
  int64_t vocabulary = 151936;

  bool operator==(const Qwen3Spec&) const = default;
};

// The FLUX.1 autoencoder: four levels of widths channels * (1, 2, 4, 4).
struct AutoencoderSpec {
  int64_t channels = 128;
  bool encoder = true;

  bool operator==(const AutoencoderSpec&) const = default;
};

// Every tensor under its canonical name without prefix (model_weights.h). Throw Error(kUsage) when
// the widths contradict one another or are not positive.
std::vector<NamedShape> dit_tensors(const DitSpec& spec);
std::vector<NamedShape> qwen3_tensors(const Qwen3Spec& spec);
std::vector<NamedShape> autoencoder_tensors(const AutoencoderSpec& spec);

}  // namespace zanime::checkpoints
