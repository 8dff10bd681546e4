// What a control branch sees of the pictures that a person gave it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "base/cancel.h"
#include "base/tensor.h"
#include "models/control_branch.h"
#include "nodes/value.h"
#include "ops/ops.h"

namespace zanime::nodes {

// The pictures of a control; each is one, or one for each picture of the batch.
struct ControlPictures {
  Tensor control = {};  // [batch, height, width, 3]: edges, a depth, a pose; empty: grey
  Tensor inpaint = {};  // of any size: what is there outside the mask; empty: grey
  Tensor mask = {};     // [batch, height, width]: 1 where the picture is made anew; empty: nowhere
};

// Thread-safe: the model it belongs to may be used by several runs.
class ControlHint {
 public:
  // Throws Error(kGraph) where a picture is missing that the branch needs, and for batches that do
  // not fit one another.
  ControlHint(std::shared_ptr<const models::ControlBranch> branch, Vae vae,
              ControlPictures pictures, float strength);

  const models::ControlBranch& branch() const { return *branch_; }
  float strength() const { return strength_; }

  // What the branch sees of them at that size of the latent: [batch, channels, height, width], the
  // pictures' middle scaled by area, encoded, in the diffusion model's scale; where the branch
  // inpaints, the mask (0 where the picture is made anew) and the second latent behind it. The last
  // one is kept.
  Tensor latent(int64_t height, int64_t width, ops::Backend& backend,
                const CancelToken& cancel) const;

  // Whether the pictures have the size of such a latent: they need no scaling.
  bool has_size_of(int64_t height, int64_t width) const;

 private:
  Tensor encoded(const Tensor& pixels, ops::Backend& backend, const CancelToken& cancel) const;
  Tensor encode_all(int64_t height, int64_t width, ops::Backend& backend,
                    const CancelToken& cancel) const;

  std::shared_ptr<const models::ControlBranch> branch_;
  Vae vae_;
  ControlPictures pictures_;
  float strength_;
  mutable std::mutex mutex_;  // of what is kept
  mutable Tensor kept_;
};

}  // namespace zanime::nodes
