// Working memory that a thread keeps between calls, so that a panel buffer stays in its cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zanime::ops::cpu {

enum class Scratch {
  kWeightPanel,
  kPackedPanel,
  kGatePanel,
  kWeightChange,
  kScores,
  kConvolutionRun,
  kConvolutionStrip,
  kQuantizedPanel,
  kIntegerProducts,
  kLowRank,
  kCount
};

// At least `bytes`, aligned to 64 bytes, owned by the calling thread and valid until its next call
// for the same purpose. Contents are undefined. Throws Error(kResource).
std::byte* scratch_bytes(Scratch purpose, int64_t bytes);

// Room for `count` values of a type.
template <class T>
T* scratch(Scratch purpose, int64_t count) {
  return reinterpret_cast<T*>(scratch_bytes(purpose, count * static_cast<int64_t>(sizeof(T))));
}

}  // namespace zanime::ops::cpu
