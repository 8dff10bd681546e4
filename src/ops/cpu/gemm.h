// Matrix products, bought from oneDNN.
#pragma once

#include <cstdint>

namespace zanime::ops::cpu {

// A row-major matrix with `stride` values from one row to the next.
struct ConstMatrix {
  const float* data;
  int64_t stride;
};
struct Matrix {
  float* data;
  int64_t stride;
};

// c [m, n] = a [m, k] b^T + beta c, b [n, k] (a weight as files hold it).
void gemm_nt(int64_t m, int64_t n, int64_t k, ConstMatrix a, ConstMatrix b, float beta, Matrix c);
// c [m, n] = alpha a [m, k] b + beta c, b [k, n].
void gemm_nn(int64_t m, int64_t n, int64_t k, ConstMatrix a, ConstMatrix b, float beta, Matrix c,
             float alpha = 1.0f);

}  // namespace zanime::ops::cpu
