#include "checkpoints/synth_values.h"

#include <cmath>

#include "weights/vector_dispatch.h"

namespace zanime::checkpoints {
namespace {

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

ZANIME_ALWAYS_INLINE uint64_t splitmix64(uint64_t state) {
  uint64_t z = state + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

ZANIME_ALWAYS_INLINE void fill(const SynthLaw& law, int64_t first, int64_t count, float* out) {
  const uint64_t start = law.seed + static_cast<uint64_t>(first);
  const float base = law.base, amplitude = law.amplitude;
  for (int64_t i = 0; i < count; ++i) {
    const auto draw = static_cast<int32_t>(splitmix64(start + static_cast<uint64_t>(i)) >> 40);
    const float u = static_cast<float>(draw) * 0x1p-23f - 1.0f;  // exact
    out[i] = base + amplitude * u;
  }
}

void fill_plain(const SynthLaw& law, int64_t first, int64_t count, float* out) {
  fill(law, first, count, out);
}

// Not with FMA: the law rounds the product before the sum.
ZANIME_TARGET_AVX2 void fill_avx2(const SynthLaw& law, int64_t first, int64_t count, float* out) {
  fill(law, first, count, out);
}

}  // namespace

SynthLaw synth_law(std::string_view name, const Shape& shape) {
  SynthLaw law;
  law.seed = fnv1a(name);
  if (name.ends_with("pad_token")) {
    law.amplitude = 0.5f;
  } else if (name.find("embed_tokens") != std::string_view::npos) {
    law.amplitude = 1.0f;
  } else if (shape.rank() >= 2) {
    const int64_t inputs = shape[0] == 0 ? 1 : shape.size() / shape[0];
    law.amplitude = static_cast<float>(std::sqrt(3.0 / static_cast<double>(inputs)));
  } else if (name.ends_with(".bias")) {
    law.amplitude = 0.02f;
  } else {
    law.base = 1.0f;
    law.amplitude = 0.1f;
  }
  return law;
}

void synth_values(const SynthLaw& law, int64_t first, int64_t count, float* out) {
  static const bool kVectorised = weights::cpu_has_avx2();
  detail::synth_values_with(kVectorised, law, first, count, out);
}

Tensor synth_tensor(std::string_view name, const Shape& shape) {
  Tensor result(shape);
  synth_values(synth_law(name, shape), 0, shape.size(), result.data());
  return result;
}

namespace detail {

void synth_values_with(bool vectorised, const SynthLaw& law, int64_t first, int64_t count,
                       float* out) {
  (vectorised ? fill_avx2 : fill_plain)(law, first, count, out);
}

}  // namespace detail
}  // namespace zanime::checkpoints
