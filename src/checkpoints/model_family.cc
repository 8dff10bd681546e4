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
  }
  return {};
}

}  // namespace zanime::checkpoints
