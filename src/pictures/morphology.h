// The largest or smallest value around each place of a plane: growing and shrinking what is bright.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

enum class Extreme { kLargest, kSmallest };

// The last two axes are the planes' height and width. What lies outside a plane does not count.
// A square of `size` x `size` places around each place. An even one reaches one place further: down
// and to the right for the largest, up and to the left for the smallest, so that growing and
// shrinking belong together (opening what was opened changes nothing). The time does not grow with
// the size.
Tensor square_extreme(const Tensor& planes, int64_t size, Extreme extreme);
// All places at most `steps` steps up, down, left or right away.
Tensor diamond_extreme(const Tensor& planes, int64_t steps, Extreme extreme);

// The operations of mathematical morphology with a square of size x size: "erode", "dilate",
// "open", "close", "gradient", "bottom_hat", "top_hat". Throws Error(kInternal) for another name.
std::vector<std::string> morphology_operations();
Tensor morphology(const Tensor& planes, const std::string& operation, int64_t size);

}  // namespace zanime::pictures
