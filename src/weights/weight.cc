#include "weights/weight.h"

namespace zanime::weights {

int64_t Weight::bytes() const {
  int64_t total = 0;
  for (const WeightPart& part : parts_) total += dtype_bytes(part.dtype, part.rows * columns());
  return total;
}

}  // namespace zanime::weights
