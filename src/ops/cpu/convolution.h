// Convolutions, bought from oneDNN.
#pragma once

#include "ops/cpu/picture_lines.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// As Backend::conv2d, of lines that may be normalised on the way. `out` has the shape that
// convolved_shape() says; it may share the storage of lines.x where their shapes are equal and the
// layer is 3 x 3 with stride 1 and one pixel of padding.
void conv2d(const RowKernels& kernels, const PictureLines& lines, const Conv2d& layer, Tensor& out);

// Throws std::invalid_argument where the layer does not fit the picture.
Shape convolved_shape(const Shape& picture, const Conv2d& layer);

}  // namespace zanime::ops::cpu
