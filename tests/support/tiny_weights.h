// Widths of networks that are written and read in milliseconds.
#pragma once

#include "checkpoints/architectures.h"

namespace zanime::testing {

inline checkpoints::DitSpec tiny_dit() {
  return {.dim = 256,
          .layers = 2,
          .noise_refiners = 1,
          .context_refiners = 1,
          .head_dim = 32,
          .caption_dim = 64,
          .ffn = 96};
}

inline checkpoints::Qwen3Spec tiny_qwen3() {
  return {.hidden = 64,
          .layers = 2,
          .heads = 4,
          .kv_heads = 2,
          .head_dim = 32,
          .ffn = 48,
          .vocabulary = 100};
}

inline checkpoints::AutoencoderSpec tiny_autoencoder() { return checkpoints::flux_autoencoder(32); }

}  // namespace zanime::testing
