// 3 x 3 convolutions as matrix products: one product per tap, over runs of neighbouring pixels.
//
// Channel-last pixels that lie side by side are already the rows of a matrix. With a border of
// zeros around the picture, tap (i, j) of a run of pixels is the same run moved by i rows and j
// columns, so nothing has to be gathered: out = sum over taps of moved(x) w_tap^T.
#pragma once

#include "ops/cpu/picture_lines.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// As conv2d() (ops/cpu/convolution.h), for 3 x 3, stride 1, one pixel of padding on each side.
void tap_conv2d(const RowKernels& kernels, const PictureLines& lines, const Conv2d& layer,
                Tensor& out);

// As Backend::upsample_conv2d. After doubling, an output pixel sees only 2 x 2 different inputs:
// taps that fall on the same one are added up beforehand, which leaves 4 products of 9.
Tensor tap_upsample_conv2d(const RowKernels& kernels, const Tensor& x, const Conv2d& layer);

}  // namespace zanime::ops::cpu
