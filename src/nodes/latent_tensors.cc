#include "nodes/latent_tensors.h"

#include <string>

#include "base/error.h"

namespace zanime::nodes {

Tensor fitted_planes(const Tensor& samples, const Tensor& other, pictures::ResizeMethod method) {
  if (samples.dim(1) != other.dim(1)) {
    throw Error(ErrorKind::kGraph, "latents of " + std::to_string(samples.dim(1)) + " and " +
                                       std::to_string(other.dim(1)) +
                                       " channels do not go together; make both with the same "
                                       "autoencoder, or with EmptySD3LatentImage");
  }
  const int64_t height = other.dim(2), width = other.dim(3);
  if (samples.dim(2) == height && samples.dim(3) == width) return samples;
  const pictures::CentreCrop part =
      pictures::centre_crop(samples.dim(2), samples.dim(3), height, width);
  return pictures::resize_planes(
      pictures::crop_planes(samples, part.top, part.left, part.height, part.width), height, width,
      method);
}

}  // namespace zanime::nodes
