#include "base/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <sys/mman.h>

#include "base/error.h"

namespace zanime {
namespace {

constexpr size_t kAlignment = 64;
// From twice this size on, memory is aligned to 2 MiB so that the kernel can back it with huge
// pages.
constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

std::shared_ptr<std::byte> allocate_bytes(int64_t bytes) {
  const auto wanted = static_cast<size_t>(bytes);
  const size_t alignment = wanted >= 2 * kHugePage ? kHugePage : kAlignment;
  const size_t size = std::max(alignment, (wanted + alignment - 1) / alignment * alignment);
  void* memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) {
    throw Error(ErrorKind::kResource, "out of memory: " + std::to_string(size >> 20) +
                                          " MiB more were needed; lower the size or the batch");
  }
  if (alignment == kHugePage) madvise(memory, size, MADV_HUGEPAGE);
  return {static_cast<std::byte*>(memory), [](std::byte* p) { std::free(p); }};
}

}  // namespace zanime
