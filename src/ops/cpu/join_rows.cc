#include "ops/cpu/join_rows.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "ops/cpu/host_activation.h"

namespace zanime::ops::cpu {

Tensor join_rows(std::span<const Activation> parts) {
  int64_t batch = 1, tokens = 0;
  for (const Activation& part : parts) {
    if (part.rank() != 3 || part.dim(2) != parts[0].dim(2)) {
      throw std::invalid_argument("join_rows: " + part.shape().to_string() + " behind " +
                                  parts[0].shape().to_string());
    }
    batch = std::max(batch, part.dim(0));
    tokens += part.dim(1);
  }
  const int64_t channels = parts.empty() ? 0 : parts[0].dim(2);
  Tensor out(Shape{batch, tokens, channels});
  int64_t first = 0;
  for (const Activation& part : parts) {
    if (part.dim(0) != batch && part.dim(0) != 1) {
      throw std::invalid_argument("join_rows: " + part.shape().to_string() + " for a batch of " +
                                  std::to_string(batch));
    }
    const Tensor rows = tensor_of(part);
    const int64_t size = part.dim(1) * channels;
    for (int64_t item = 0; item < batch; ++item) {
      const float* source = rows.data() + (part.dim(0) == 1 ? 0 : item * size);
      std::copy_n(source, size, out.data() + (item * tokens + first) * channels);
    }
    first += part.dim(1);
  }
  return out;
}

}  // namespace zanime::ops::cpu
