// Giving pictures the colours of others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

// How the colours of pictures are described and carried over:
// - reinhard_lab: mean and deviation of each channel of L*a*b* (Reinhard et al. 2001).
// - mkl_lab: mean and covariance, by the linear map of Monge and Kantorovich (Pitié 2007).
// - histogram: the histogram of 256 steps of each of red, green and blue.
std::vector<std::string> colour_transfer_methods();

// What stands for the colours that are to become the reference's: each picture its own, all of
// them together, or those of one picture.
enum class ColourSource { kEachPicture, kAll, kOnePicture };

struct ColourTransfer {
  std::string method;
  ColourSource source = ColourSource::kEachPicture;
  int64_t picture = 0;  // kOnePicture: which; the last where there are fewer
  float strength = 1;   // 0: unchanged, 1: the whole way, more: beyond
};

// Pictures [batch, height, width, 3] with the colours of `reference` [batch, any height, any width,
// 3]: for kEachPicture of the reference at the same place (the last where there are fewer), else of
// all of them.
Tensor transfer_colours(const Tensor& pixels, const Tensor& reference,
                        const ColourTransfer& transfer);

}  // namespace zanime::pictures
