// From the names a file uses to canonical ones (ComfyUI's), and back for writing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace zanime::checkpoints {

// Where a file's tensor goes: a whole canonical tensor, or one of the three row blocks (query,
// key, value) of a fused one.
struct CanonicalTarget {
  std::string name;
  int part = kWhole;

  static constexpr int kWhole = -1;
  bool operator==(const CanonicalTarget&) const = default;
};

// Z-Image diffusion model, canonical or Diffusers names without prefix. Names that neither layout
// knows come back as they are.
CanonicalTarget canonical_dit_name(std::string_view name);

// The Diffusers name of a canonical tensor; `part` 0, 1, 2 for the query, key and value blocks of
// `….attention.qkv.…`.
std::string diffusers_dit_name(std::string_view canonical, int part = CanonicalTarget::kWhole);

// FLUX autoencoder, canonical (`decoder.up.3.block.0…`) or Diffusers names
// (`decoder.up_blocks.0.resnets.0…`), without prefix. Diffusers counts up blocks in the order they
// run, the other layout from the picture's side: `levels` is the number of up blocks.
std::string canonical_autoencoder_name(std::string_view name, int levels);

// The number behind `prefix` in a name such as "layers.12.x", -1 when there is none.
int64_t index_after(std::string_view name, std::string_view prefix);

}  // namespace zanime::checkpoints
