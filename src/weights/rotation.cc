#include "weights/rotation.h"

namespace zanime::weights {

bool is_rotation_size(int64_t group) {
  return group == 4 || group == 16 || group == 64 || group == kLargestRotation;
}

void rotate_groups(float* values, int64_t count, int64_t group) {
  // One factor of the Kronecker power at a time: four values that lie `stride` apart become half
  // their sum, less each in reversed order.
  for (int64_t stride = 1; stride < group; stride *= 4) {
    for (int64_t i = 0; i < count; ++i) {
      if (i / stride % 4 != 0) continue;
      float* a = values + i;
      float* b = a + stride;
      float* c = b + stride;
      float* d = c + stride;
      const float half = 0.5f * ((*a + *b) + (*c + *d));
      const float first = *a, second = *b;
      *a = half - *d;
      *b = half - *c;
      *c = half - second;
      *d = half - first;
    }
  }
}

}  // namespace zanime::weights
