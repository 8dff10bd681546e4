// The kinds of network that this engine runs.
#pragma once

#include <string>

namespace zanime::checkpoints {

enum class ModelFamily { kZImage, kQwen3, kFluxAutoencoder, kZImageControl, kUpscaler };

// "Z-Image diffusion model", "Qwen3 text encoder", "FLUX autoencoder", "Z-Image Fun ControlNet",
// "upscale model"
std::string family_name(ModelFamily family);

}  // namespace zanime::checkpoints
