// NextDiT, the single-stream diffusion transformer of Z-Image (arXiv 2511.22699; NextDiT:
// Lumina-Image 2.0, arXiv 2503.21758).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/tensor.h"
#include "checkpoints/architectures.h"
#include "checkpoints/model_weights.h"
#include "models/control_branch.h"
#include "models/dit_block.h"
#include "models/dit_tokens.h"
#include "ops/ops.h"
#include "weights/weight.h"

namespace zanime::models {

// The widths of a file's network.
using NextDitConfig = checkpoints::DitSpec;

class NextDit {
 public:
  // Widths follow from the tensor shapes. Throws Error(kFile) as ModelWeights::get does.
  explicit NextDit(checkpoints::ModelWeights weights);

  const NextDitConfig& config() const { return config_; }
  // What the network was made of: an adapted copy is made of these with changes.
  const checkpoints::ModelWeights& weights() const { return weights_; }

  // The caption branch: it depends on neither sigma nor the latent, so one run serves all steps
  // of a picture. conditioning [tokens, caption_dim] -> [1, padded tokens, dim].
  struct Caption {
    ops::Activation tokens;
  };
  Caption embed_caption(const Tensor& conditioning, ops::Backend& backend,
                        const CancelToken& cancel) const;

  // Where the tokens of a caption and of a picture stand: the same for all steps of a picture.
  struct Canvas {
    int64_t height = 0, width = 0;  // of the latent
    int64_t rows = 0, columns = 0;  // of patches
    int64_t caption_tokens = 0;
    int64_t image_tokens = 0;  // patches, and padding behind them
    ops::RopeTable rope;       // of all tokens, the caption's first

    int64_t patches() const { return rows * columns; }
    // Whether it is the one for such latents.
    bool fits(const Tensor& latent) const {
      return latent.dim(2) == height && latent.dim(3) == width;
    }
  };
  // For latents [.., height, width] beside this caption.
  Canvas canvas(const Tensor& latent, const Caption& caption, ops::Backend& backend,
                const PatchGrid& grid = {}) const;

  // Velocity v of the flow at `latent` [batch, channels, height, width] and sigma in [0, 1];
  // denoised = latent - sigma * v. Odd heights and widths are padded (circular) and cut back.
  // Control branches act in their order; their tokens are those of a hint that covers the canvas.
  Tensor velocity(const Tensor& latent, float sigma, const Caption& caption, const Canvas& canvas,
                  ops::Backend& backend, const CancelToken& cancel,
                  std::span<const AppliedControl> controls = {}) const;

  // Other pictures and texts that the network sees: of Z-Image Omni and of models that edit.
  struct References {
    // As the model knows them, [1, channels, height, width], sides even.
    std::vector<Tensor> latents;
    // [tokens, caption_dim], the first before the first picture; where there are more, the others
    // stand behind the caption.
    std::vector<Tensor> texts;
  };
  // A caption beside references, as far as it depends on neither sigma nor the latent.
  struct Scene {
    ops::Activation texts;     // [1, tokens, dim], those of references first
    ops::Activation pictures;  // [1, tokens, dim] of all references
    // Those that belong to references: they are seen as at a sigma of 0.
    int64_t reference_text_tokens = 0;
    std::vector<Position> text_positions, picture_positions;
    int64_t place = 0;  // of the picture that is made
  };
  // Throws Error(kGraph) for sides that are odd.
  Scene embed_scene(const Tensor& conditioning, const References& references, const PatchGrid& grid,
                    ops::Backend& backend, const CancelToken& cancel) const;
  // velocity() beside references.
  Tensor velocity_in_scene(const Tensor& latent, float sigma, const Scene& scene,
                           const PatchGrid& grid, ops::Backend& backend,
                           const CancelToken& cancel) const;

 private:
  // Tells the backend of a block to come. Index 0 is the first noise refiner, after the last layer
  // comes the first noise refiner again: the next step.
  void expect_block(size_t index, ops::Backend& backend) const;
  // A text as [1, tokens, dim], padded.
  ops::Activation embed_text(const Tensor& conditioning, int64_t tokens,
                             ops::Backend& backend) const;
  ops::Activation embed_time(float sigma, ops::Backend& backend) const;  // [1, modulation]
  // The last layer: patches [batch, tokens, values].
  Tensor final_values(const ops::Activation& x, const ops::Activation& time,
                      ops::Backend& backend) const;

  checkpoints::ModelWeights weights_;
  NextDitConfig config_;
  ops::Linear time_in_, time_out_;
  weights::Weight caption_norm_;
  ops::Linear caption_in_;
  ops::Linear image_in_;
  weights::Weight caption_pad_, image_pad_;  // [1, dim]
  std::vector<DitBlock> context_refiners_, noise_refiners_, layers_;
  ops::Linear final_modulation_, final_out_;
};

}  // namespace zanime::models
