// Z-Image Fun ControlNet Union (alibaba-pai): blocks that run beside those of the diffusion model
// on the tokens of a hint (edges, a depth, a pose) and change the picture's tokens, in the manner
// of VACE (arXiv 2503.07598).
#pragma once

#include <cstdint>
#include <vector>

#include "checkpoints/architectures.h"
#include "checkpoints/model_weights.h"
#include "models/dit_block.h"
#include "ops/ops.h"

namespace zanime::models {

class ControlBranch {
 public:
  // Widths follow from the tensor shapes. Throws Error(kFile) as ModelWeights::get does.
  explicit ControlBranch(const checkpoints::ModelWeights& weights);

  const checkpoints::ControlSpec& spec() const { return spec_; }
  // Whether a hint has a mask and the latent of a picture to inpaint beside the control latent.
  bool inpaints() const { return spec_.channels > checkpoints::ControlSpec::kControlChannels; }

  // Hint [batch, channels, height, width] with even sides, in the scale of the diffusion model ->
  // [batch, patches, dim]: the same for all steps of a picture.
  ops::Activation embed(const Tensor& hint, ops::Backend& backend) const;

 private:
  friend class ControlWalk;

  struct Block {
    DitBlock inner;
    // Of the first of a row: what the hint is multiplied by before the picture's tokens are added.
    ops::Linear before;
    ops::Linear after;  // from the block's result to what it changes; empty: nothing
  };

  std::vector<Block> load_blocks(const checkpoints::ModelWeights& weights, const std::string& stem,
                                 int64_t count, bool gives_changes) const;

  checkpoints::ControlSpec spec_;
  // Version 2.0 was trained with its layers where the refiners belong, and its refiners' last
  // layer is still zero: the layers run there too.
  bool refines_by_layers_ = false;
  ops::Linear embedder_;
  std::vector<Block> refiners_, layers_;
};

// A branch with a hint, as one evaluation of a diffusion model takes it.
struct AppliedControl {
  const ControlBranch* branch = nullptr;
  ops::Activation tokens;  // of embed(): for a batch one for all, or one for each
  float strength = 1.0f;
  // The hint starts anew behind the first refiner, and passes the last layer before the first. This
  // is what the reference makes of a control in the evaluation in which a later one's picture is
  // encoded: it forgets how far the earlier ones have come.
  bool starts_anew = false;
};

// A branch during one evaluation. What it changes behind a block is asked for before that block
// runs, with the tokens that go into it.
class ControlWalk {
 public:
  // time [1, modulation]; `rope` of the hint's tokens. `backend` and the control's branch must
  // outlive the walk.
  ControlWalk(const AppliedControl& control, const ops::Activation& time,
              const ops::RopeTable& rope, ops::Backend& backend);

  // Before noise refiner `index`, whose input is `image` [batch, tokens, dim].
  ops::Activation before_refiner(size_t index, const ops::Activation& image);
  // Before layer `index`, whose input is `x` with the picture's tokens from `first` on.
  ops::Activation before_layer(size_t index, const ops::Activation& x, int64_t first);
  // x += strength * change on the picture's tokens. An empty change is none.
  void add(const ops::Activation& change, ops::Activation& x, int64_t first) const;

 private:
  // The hint as it is before all blocks that change the picture.
  void start();
  ops::Activation step(const ControlBranch::Block& block, const ops::Activation& x, int64_t first);
  // The hint's share of the tokens of one batch item of `x`.
  ops::Activation image_rows(const ops::Activation& x, int64_t item, int64_t first) const;

  const ControlBranch& branch_;
  AppliedControl control_;
  ops::Activation time_;
  ops::RopeTable rope_;
  ops::Backend& backend_;
  ops::Activation hint_;  // what the last block made of it
};

}  // namespace zanime::models
