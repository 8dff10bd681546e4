// Recognising models that this engine does not run, so that an error can name them.
#pragma once

#include <string>

#include "weights/weight_file.h"

namespace zanime::checkpoints {

// "LoRA adapter for Z-Image", "LoHa adapter", …; empty when the tensors are no adapter.
std::string describe_adapter(const weights::WeightFile::Tensors& tensors);

// "Stable Diffusion XL checkpoint", "FLUX.1 diffusion model", …; empty when not recognised.
std::string describe_foreign_diffusion_model(const weights::WeightFile::Tensors& tensors);

// The same for every kind of model: text encoders, autoencoders, control networks, upscalers too.
std::string describe_foreign_model(const weights::WeightFile::Tensors& tensors);

}  // namespace zanime::checkpoints
