#include "ops/cpu/scratch.h"

#include <array>

#include "base/tensor.h"

namespace zanime::ops::cpu {

float* scratch(Scratch purpose, int64_t count) {
  thread_local std::array<Tensor, static_cast<size_t>(Scratch::kCount)> buffers;
  Tensor& buffer = buffers[static_cast<size_t>(purpose)];
  if (buffer.size() < count) {
    buffer = {};  // give the old memory back before asking for more
    buffer = Tensor(Shape{count});
  }
  return buffer.data();
}

}  // namespace zanime::ops::cpu
