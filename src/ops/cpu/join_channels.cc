#include "ops/cpu/join_channels.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "base/parallel.h"
#include "ops/cpu/host_activation.h"

namespace zanime::ops::cpu {

Tensor join_channels(std::span<const Activation> parts) {
  if (parts.empty()) throw std::invalid_argument("join_channels: no parts");
  Shape shape = parts[0].shape();
  const int64_t rows = parts[0].size() / shape[-1];
  shape[-1] = 0;
  std::vector<Tensor> sources;
  for (const Activation& part : parts) {
    if (part.rank() != shape.rank() || part.size() != rows * part.dim(-1)) {
      throw std::invalid_argument("join_channels: " + part.shape().to_string() + " beside " +
                                  parts[0].shape().to_string());
    }
    shape[-1] += part.dim(-1);
    sources.push_back(tensor_of(part));
  }
  Tensor out(shape);
  const int64_t columns = shape[-1];
  constexpr int64_t kRowGrain = 256;
  parallel_for_ranges(rows, kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* target = out.data() + row * columns;
      for (const Tensor& source : sources) {
        const int64_t width = source.dim(-1);
        target = std::copy_n(source.data() + row * width, width, target);
      }
    }
  });
  return out;
}

}  // namespace zanime::ops::cpu
