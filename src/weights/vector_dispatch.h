// One loop, compiled for the plain instruction set and for AVX2, chosen when the program runs.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define ZANIME_HAS_AVX2_DISPATCH 1
#else
#define ZANIME_HAS_AVX2_DISPATCH 0
#endif

namespace zanime::weights {

inline bool cpu_has_avx2() {
#if ZANIME_HAS_AVX2_DISPATCH
  return __builtin_cpu_supports("avx2");
#else
  return false;
#endif
}

}  // namespace zanime::weights

// Put before a function that has `always_inline` callees only.
#if ZANIME_HAS_AVX2_DISPATCH
#define ZANIME_TARGET_AVX2 __attribute__((target("avx2")))
#else
#define ZANIME_TARGET_AVX2
#endif
#define ZANIME_ALWAYS_INLINE inline __attribute__((always_inline))
