// The networks by their widths, and as lists of tensors: what a complete file of given widths
// contains. Widths are read off a file in stored_spec.h.
#pragma once

#include <array>
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
  int64_t caption_dim = 2560;  // of a row of conditioning
  int64_t ffn = 10240;
  int64_t latent_channels = 16;
  bool pad_tokens = true;  // the file has them: sequences grow to a multiple of 32

  int64_t heads() const { return head_dim < 1 ? 0 : dim / head_dim; }
  // Widths of the time embedding: what the blocks are modulated by, and inside its two layers.
  int64_t modulation() const { return dim < 256 ? dim : 256; }
  int64_t time_hidden() const { return dim < 1024 ? dim : 1024; }

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

// One resolution of the autoencoder.
struct AutoencoderLevel {
  int64_t width = 0;
  // A 1x1 convolution goes past the first block. It must where that block changes the width.
  bool shortcut = false;

  bool operator==(const AutoencoderLevel&) const = default;
};

// The FLUX.1 autoencoder. Levels go from the picture's own size to an eighth of it.
struct AutoencoderSpec {
  using Levels = std::array<AutoencoderLevel, 4>;
  static constexpr Levels kFlux = {{{128}, {256}, {512}, {512}}};

  int64_t latent_channels = 16;
  Levels decoder = kFlux;
  bool has_encoder = true;
  Levels encoder = kFlux;

  bool operator==(const AutoencoderSpec&) const = default;
};
// Widths channels * (1, 2, 4, 4) on both sides.
AutoencoderSpec flux_autoencoder(int64_t channels, bool has_encoder = true);

// Z-Image Fun ControlNet Union: blocks beside those of the diffusion model, which they must be as
// wide as. The defaults are those of version 1.0.
struct ControlSpec {
  int64_t dim = 3840;
  int64_t head_dim = 128;
  int64_t ffn = 10240;
  int64_t layers = 6;
  int64_t refiners = 2;
  // Of what it sees: a latent; or a latent, a mask and a second latent (kInpaintChannels).
  int64_t channels = kControlChannels;
  // The refiners change the picture's tokens too (versions 2), not the hint's alone.
  bool refines_picture = false;

  static constexpr int64_t kControlChannels = 16;
  static constexpr int64_t kInpaintChannels = 33;

  int64_t heads() const { return head_dim < 1 ? 0 : dim / head_dim; }
  int64_t modulation() const { return dim < 256 ? dim : 256; }

  bool operator==(const ControlSpec&) const = default;
};

// Throw Error(kUsage) when the widths contradict one another or are not positive.
void check_widths(const DitSpec& spec);
void check_widths(const Qwen3Spec& spec);
void check_widths(const AutoencoderSpec& spec);
void check_widths(const ControlSpec& spec);

// Every tensor under its canonical name without prefix (canonical.h). The shapes make sense where
// check_widths has nothing to say; the names always do.
std::vector<NamedShape> network_tensors(const DitSpec& spec);
std::vector<NamedShape> network_tensors(const Qwen3Spec& spec);
std::vector<NamedShape> network_tensors(const AutoencoderSpec& spec);
std::vector<NamedShape> network_tensors(const ControlSpec& spec);

}  // namespace zanime::checkpoints
