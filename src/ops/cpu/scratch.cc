#include "ops/cpu/scratch.h"

#include <array>

#include "base/buffer.h"

namespace zanime::ops::cpu {

std::byte* scratch_bytes(Scratch purpose, int64_t bytes) {
  thread_local std::array<Buffer<std::byte>, static_cast<size_t>(Scratch::kCount)> buffers;
  Buffer<std::byte>& buffer = buffers[static_cast<size_t>(purpose)];
  if (buffer.size() < bytes) {
    buffer = {};  // give the old memory back before asking for more
    buffer = Buffer<std::byte>(bytes);
  }
  return buffer.data();
}

}  // namespace zanime::ops::cpu
