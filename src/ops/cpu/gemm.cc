#include "ops/cpu/gemm.h"

#include <string>

#include <oneapi/dnnl/dnnl.h>

#include "base/error.h"

namespace zanime::ops::cpu {
namespace {

void gemm(char transpose_b, int64_t m, int64_t n, int64_t k, float alpha, ConstMatrix a,
          ConstMatrix b, float beta, Matrix c) {
  const dnnl_status_t status = dnnl_sgemm('N', transpose_b, m, n, k, alpha, a.data, a.stride,
                                          b.data, b.stride, beta, c.data, c.stride);
  if (status == dnnl_out_of_memory) throw Error(ErrorKind::kResource, "out of memory in sgemm");
  if (status != dnnl_success) {
    throw Error(ErrorKind::kInternal, "oneDNN sgemm failed with status " + std::to_string(status));
  }
}

}  // namespace

void gemm_nt(int64_t m, int64_t n, int64_t k, ConstMatrix a, ConstMatrix b, float beta, Matrix c) {
  gemm('T', m, n, k, 1.0f, a, b, beta, c);
}

void gemm_nn(int64_t m, int64_t n, int64_t k, ConstMatrix a, ConstMatrix b, float beta, Matrix c,
             float alpha) {
  gemm('N', m, n, k, alpha, a, b, beta, c);
}

}  // namespace zanime::ops::cpu
