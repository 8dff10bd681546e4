#include "checkpoints/model_family.h"

namespace zanime::checkpoints {

std::string family_name(ModelFamily family) {
  switch (family) {
    case ModelFamily::kZImage:
      return "Z-Image diffusion model";
    case ModelFamily::kQwen3:
      return "Qwen3 text encoder";
    case ModelFamily::kFluxAutoencoder:
      return "FLUX autoencoder";
    case ModelFamily::kZImageControl:
      return "Z-Image Fun ControlNet";
    case ModelFamily::kUpscaler:
      return "upscale model";
  }
  return {};
}

}  // namespace zanime::checkpoints
