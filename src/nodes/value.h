// What travels along the links of a graph.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/tensor.h"
#include "models/autoencoder.h"
#include "models/next_dit.h"
#include "models/qwen3.h"

namespace zanime::nodes {

// Holds every value of an INT input: ComfyUI's seeds go to 2^64 - 1 and other inputs below zero.
__extension__ typedef __int128 WideInt;
std::string to_string(WideInt value);

// MODEL: a diffusion model and how its noise levels are spaced.
struct Model {
  std::shared_ptr<const NextDit> network;
  // Of sigma(t) = shift t / (1 + (shift - 1) t); ModelSamplingAuraFlow replaces it.
  double shift = 3.0;
};

// CLIP: a text encoder.
struct Clip {
  std::shared_ptr<const Qwen3TextEncoder> encoder;
};

// VAE
struct Vae {
  std::shared_ptr<const AutoencoderDecoder> decoder;
};

// CONDITIONING: more than one entry are predicted side by side and averaged.
struct ConditioningEntry {
  Tensor tokens;  // [tokens, width of the text encoder]
};
using Conditioning = std::vector<ConditioningEntry>;

// LATENT
struct Latent {
  Tensor samples;  // [batch, channels, height, width], in the autoencoder's (raw) scale
};

// IMAGE
struct Image {
  Tensor pixels;  // [batch, height, width, 3], values 0 to 1
};

// A new type of link adds its struct here, its name to `value_type_name` and its tensors to
// `tensors_of`; nothing else needs to know it.
using Value = std::variant<std::monostate, bool, WideInt, double, std::string, Model, Clip, Vae,
                           Conditioning, Latent, Image>;

// ComfyUI's name of the type a value has: "INT", "MODEL", …
std::string_view value_type_name(const Value& value);
// Every tensor a value carries (not a network's weights).
std::vector<Tensor> tensors_of(const Value& value);

}  // namespace zanime::nodes
