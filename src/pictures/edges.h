// Edges by Canny's method ("A Computational Approach to Edge Detection", 1986).
#pragma once

#include "base/tensor.h"

namespace zanime::pictures {

// 1 on edges and 0 elsewhere, [batch, height, width], of pictures [batch, height, width, 3 or
// more]. Grey by ITU-R BT.601, blurred by a Gaussian of 5 x 5 places and a deviation of 1; Sobel's
// gradients; of these only what is larger than both neighbours across the edge. Where that is above
// `high` an edge begins, and it goes on where it is above `low`.
Tensor canny_edges(const Tensor& pixels, double low, double high);

}  // namespace zanime::pictures
