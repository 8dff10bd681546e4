// Cutting, joining and turning tensors along an axis: for pictures [batch, height, width,
// channels], masks [batch, height, width] and latents [batch, channels, height, width] alike.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

// The places first, first + 1, … of an axis; they must all be there.
Tensor slice(const Tensor& tensor, int axis, int64_t first, int64_t count);
// One after the other along an axis. All other extents are those of the first, else Error(kGraph).
Tensor join(const std::vector<Tensor>& parts, int axis);
// In the opposite order along an axis.
Tensor flip(const Tensor& tensor, int axis);
// Turned clockwise by quarters: rows lie along `down` and columns along the axis after it.
Tensor rotate(const Tensor& tensor, int down, int64_t quarters);
// With `before` and `after` more places along an axis, filled with `value`.
Tensor pad(const Tensor& tensor, int axis, int64_t before, int64_t after, float value);
// A batch of another size: its first pictures, again and again from the start where it is shorter.
Tensor repeat_to_batch(const Tensor& tensor, int64_t batch);

// Throws Error(kResource) where a tensor of that shape exceeds what one run can hold.
void check_size(const Shape& shape);

}  // namespace zanime::pictures
