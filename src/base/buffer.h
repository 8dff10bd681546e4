// Memory for many values of one type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace zanime {

// Uninitialised memory, aligned to 64 bytes; large ones are laid out so that the kernel can back
// them with huge pages. Throws Error(kResource) when it is not to be had.
std::shared_ptr<std::byte> allocate_bytes(int64_t bytes);

// Room for `size` values, uninitialised. Copying shares the memory, like a handle.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(int64_t size)
      : memory_(allocate_bytes(size * static_cast<int64_t>(sizeof(T)))), size_(size) {}

  int64_t size() const { return size_; }
  T* data() { return reinterpret_cast<T*>(memory_.get()); }
  const T* data() const { return reinterpret_cast<const T*>(memory_.get()); }
  T& operator[](int64_t i) { return data()[i]; }
  const T& operator[](int64_t i) const { return data()[i]; }

 private:
  std::shared_ptr<std::byte> memory_;
  int64_t size_ = 0;
};

}  // namespace zanime
