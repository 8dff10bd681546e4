// Working memory that a thread keeps between calls, so that a panel buffer stays in its cache.
#pragma once

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
  kCount
};

// As many floats as hold so many bytes.
inline int64_t floats_for_bytes(int64_t bytes) { return (bytes + 3) / 4; }

// At least `count` floats, aligned to 64 bytes, owned by the calling thread and valid until its
// next call for the same purpose. Contents are undefined. Throws Error(kResource).
float* scratch(Scratch purpose, int64_t count);

}  // namespace zanime::ops::cpu
