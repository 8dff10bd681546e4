// Model files of synthetic weights, for tests and for measuring without the real files. The law
// of their values: synth_values.h.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "base/cancel.h"
#include "base/dtype.h"
#include "checkpoints/architectures.h"
#include "checkpoints/upscaler_spec.h"

namespace zanime::checkpoints {

enum class NameLayout { kComfy, kDiffusers };

// "fp32", "bf16", "fp16", "fp8" (F8_E4M3 without scales); nullopt for anything else.
std::optional<DType> synth_dtype(std::string_view name);
// "comfy", "diffusers"; nullopt for anything else.
std::optional<NameLayout> synth_layout(std::string_view name);

// Each writes a complete file in which every tensor has the type `dtype` (F32, F16, BF16 or
// F8_E4M3), beside its place and renamed, a few MB at a time on all threads. Equal arguments give
// equal bytes. Throw Error(kUsage) for impossible widths, Error(kCancelled), which leaves no file,
// and what AtomicFile throws.
void synth_dit(const std::filesystem::path& path, const DitSpec& spec, DType dtype,
               NameLayout layout = NameLayout::kComfy, const CancelToken& cancel = CancelToken());
void synth_qwen3(const std::filesystem::path& path, const Qwen3Spec& spec, DType dtype,
                 const CancelToken& cancel = CancelToken());
void synth_autoencoder(const std::filesystem::path& path, const AutoencoderSpec& spec, DType dtype,
                       const CancelToken& cancel = CancelToken());

void synth_control(const std::filesystem::path& path, const ControlSpec& spec, DType dtype,
                   const CancelToken& cancel = CancelToken());
void synth_upscaler(const std::filesystem::path& path, const UpscalerSpec& spec, DType dtype,
                    const CancelToken& cancel = CancelToken());

// All three in one file under `model.diffusion_model.`, `text_encoders.qwen3_4b.transformer.` and
// `vae.`, each with its own type.
struct AllInOneSpec {
  DitSpec dit;
  DType dit_dtype = DType::kF8E4M3;
  NameLayout layout = NameLayout::kComfy;
  Qwen3Spec text_encoder;
  DType text_encoder_dtype = DType::kF8E4M3;
  AutoencoderSpec autoencoder;
  DType autoencoder_dtype = DType::kF32;
};
void synth_all_in_one(const std::filesystem::path& path, const AllInOneSpec& spec);

}  // namespace zanime::checkpoints
