#include "nodes/sampling/control_hint.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "models/autoencoder.h"
#include "nodes/pictures/picture_tensors.h"
#include "nodes/vae_picture.h"
#include "pictures/axes.h"
#include "pictures/resample.h"
#include "sampling/ksampler.h"

namespace zanime::nodes {
namespace {

constexpr float kGrey = 0.5f;

Tensor grey_picture(int64_t batch, int64_t height, int64_t width) {
  Tensor pixels({batch, height, width, int64_t{3}});
  std::fill(pixels.values().begin(), pixels.values().end(), kGrey);
  return pixels;
}

Tensor inverted_mask(const Tensor& mask) {
  Tensor out = mask.clone();
  for (float& value : out.values()) value = 1.0f - value;
  return out;
}

// The mask's middle in another size, each value that of the place it falls on from its upper left
// corner: PyTorch's "nearest". [batch, 1, height, width].
Tensor nearest_mask(const Tensor& mask, int64_t height, int64_t width) {
  const pictures::CentreCrop part = pictures::centre_crop(mask.dim(1), mask.dim(2), height, width);
  const float down = static_cast<float>(part.height) / static_cast<float>(height);
  const float across = static_cast<float>(part.width) / static_cast<float>(width);
  const auto source = [](int64_t place, float scale, int64_t size) {
    return std::min(static_cast<int64_t>(std::floor(static_cast<float>(place) * scale)), size - 1);
  };
  Tensor out({mask.dim(0), int64_t{1}, height, width});
  for (int64_t i = 0; i < out.size(); ++i) {
    const int64_t item = i / (height * width);
    const int64_t y = part.top + source(i / width % height, down, part.height);
    const int64_t x = part.left + source(i % width, across, part.width);
    out.data()[i] = mask.data()[(item * mask.dim(1) + y) * mask.dim(2) + x];
  }
  return out;
}

// Grey where the inverted mask, rounded, is 0.
Tensor grey_where_hidden(const Tensor& pixels, const Tensor& shown) {
  const int64_t batch = std::max(pixels.dim(0), shown.dim(0));
  const int64_t area = pixels.dim(1) * pixels.dim(2), channels = pixels.dim(3);
  Tensor out({batch, pixels.dim(1), pixels.dim(2), channels});
  for (int64_t i = 0; i < out.size(); ++i) {
    const int64_t item = i / (area * channels), place = i / channels % area;
    const float factor =
        std::nearbyint(shown.data()[(shown.dim(0) == 1 ? 0 : item) * area + place]);
    const int64_t from = pixels.dim(0) == 1 ? i % (area * channels) : i;
    out.data()[i] = (pixels.data()[from] - kGrey) * factor + kGrey;
  }
  return out;
}

Tensor repeated(const Tensor& x, int64_t batch) {
  if (x.dim(0) == batch) return x;
  return pictures::join(std::vector<Tensor>(static_cast<size_t>(batch), x), 0);
}

int64_t batch_of(const ControlPictures& pictures) {
  int64_t batch = 1;
  for (const Tensor* each : {&pictures.control, &pictures.inpaint, &pictures.mask}) {
    if (each->empty() || each->dim(0) == 1) continue;
    if (batch != 1 && each->dim(0) != batch) {
      throw Error(ErrorKind::kGraph,
                  "the control pictures are " + std::to_string(batch) + " and " +
                      std::to_string(each->dim(0)) +
                      "; give one, or as many of `image`, `inpaint_image` and `mask`");
    }
    batch = each->dim(0);
  }
  return batch;
}

}  // namespace

ControlHint::ControlHint(std::shared_ptr<const models::ControlBranch> branch, Vae vae,
                         ControlPictures pictures, float strength)
    : branch_(std::move(branch)),
      vae_(std::move(vae)),
      pictures_(std::move(pictures)),
      strength_(strength) {
  if (!branch_->inpaints()) {
    // Version 1 knows neither.
    pictures_.inpaint = pictures_.mask = {};
    if (pictures_.control.empty()) {
      throw Error(ErrorKind::kGraph,
                  "this control file (version 1) needs a control picture: link `image` to one, or "
                  "use a file of version 2, which inpaints without");
    }
  } else if (pictures_.control.empty() && pictures_.inpaint.empty()) {
    throw Error(ErrorKind::kGraph,
                "there is nothing to control with: link `image` to a control picture or "
                "`inpaint_image` to the picture to inpaint");
  }
  batch_of(pictures_);
  encoder_of(vae_);
}

Tensor ControlHint::latent(int64_t height, int64_t width, ops::Backend& backend,
                           const CancelToken& cancel) const {
  const std::lock_guard lock(mutex_);
  if (kept_.empty() || kept_.dim(2) != height || kept_.dim(3) != width) {
    kept_ = encode_all(height, width, backend, cancel);
  }
  return kept_;
}

bool ControlHint::has_size_of(int64_t height, int64_t width) const {
  const auto fits = [&](const Tensor& pixels) {
    return pixels.empty() || (pixels.dim(1) == height * models::kPixelsPerLatent &&
                              pixels.dim(2) == width * models::kPixelsPerLatent);
  };
  return fits(pictures_.control) && fits(pictures_.inpaint);
}

Tensor ControlHint::encoded(const Tensor& pixels, ops::Backend& backend,
                            const CancelToken& cancel) const {
  const sampling::LatentFormat format;
  const Tensor latent = encoder_of(vae_).encode(pixels, backend, cancel);
  if (latent.dim(1) != format.channels) {
    throw Error(ErrorKind::kGraph, "the autoencoder gives " + std::to_string(latent.dim(1)) +
                                       " channels and the control branch sees " +
                                       std::to_string(format.channels) +
                                       ": use the model's autoencoder (ae.safetensors)");
  }
  return format.to_model(latent);
}

Tensor ControlHint::encode_all(int64_t height, int64_t width, ops::Backend& backend,
                               const CancelToken& cancel) const {
  const int64_t rows = height * models::kPixelsPerLatent,
                columns = width * models::kPixelsPerLatent;
  const int64_t batch = batch_of(pictures_);
  const auto fitted = [&](const Tensor& pixels) {
    return pixels.empty() ? grey_picture(1, rows, columns)
                          : fitted_pixels(pixels, rows, columns, pictures::ResizeMethod::kArea);
  };
  const Tensor control = encoded(fitted(pictures_.control), backend, cancel);
  if (!branch_->inpaints()) return repeated(control, batch);

  Tensor inpaint = fitted(pictures_.inpaint);
  Tensor mask = Tensor::zeros({int64_t{1}, int64_t{1}, height, width});
  if (!pictures_.mask.empty()) {
    const Tensor shown = inverted_mask(pictures_.mask);
    inpaint = grey_where_hidden(
        inpaint, fitted_mask(shown, rows, columns, pictures::ResizeMethod::kBilinear));
    mask = nearest_mask(shown, height, width);
  }
  return pictures::join({repeated(control, batch), repeated(mask, batch),
                         repeated(encoded(inpaint, backend, cancel), batch)},
                        1);
}

}  // namespace zanime::nodes
