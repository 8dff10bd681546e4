#include "ops/cpu/packed_product.h"

#include <algorithm>
#include <cstring>

#include <libxsmm.h>

#include "base/error.h"
#include "ops/cpu/row_kernels.h"

namespace zanime::ops::cpu {
namespace {

// libxsmm counts in columns: what is a row here is a column there. Its product is
// c [m, n] = a [m, k] b [k, n], with the packed weights as a and the rows of x as b.
struct Arguments {
  explicit Arguments(const PackedShape& shape, int64_t out_stride)
      : m(static_cast<libxsmm_blasint>(shape.outputs)),
        n(static_cast<libxsmm_blasint>(shape.rows)),
        k(static_cast<libxsmm_blasint>(shape.depth)),
        lda(static_cast<libxsmm_blasint>(kPackedOutputs)),
        ldb(static_cast<libxsmm_blasint>(shape.x_stride)),
        ldc(static_cast<libxsmm_blasint>(out_stride)),
        beta(shape.accumulate ? 1.0f : 0.0f) {}

  libxsmm_blasint m, n, k, lda, ldb, ldc;
  float alpha = 1.0f, beta;
};

// What libxsmm would take by itself.
int whole_target() {
  static const int target = libxsmm_get_target_archid();
  return target;
}

}  // namespace

void multiply_packed(const PackedShape& shape, const float* x, const float* w, Matrix out) {
  const Arguments a(shape, out.stride);
  const libxsmm_smmfunction kernel = libxsmm_smmdispatch(a.m, a.n, a.k, &a.lda, &a.ldb, &a.ldc,
                                                         &a.alpha, &a.beta, nullptr, nullptr);
  if (kernel != nullptr) return kernel(w, x, out.data);
  // Where the system forbids generated code, or the CPU is of another kind.
  gemm_nn(shape.rows, shape.outputs, shape.depth, {x, shape.x_stride}, {w, kPackedOutputs}, a.beta,
          out);
}

void multiply_packed_bf16(const PackedShape& shape, const uint16_t* x, const uint16_t* w,
                          Matrix out) {
  const Arguments a(shape, out.stride);
  const int flags = LIBXSMM_GEMM_FLAG_VNNI_A;
  const libxsmm_bsmmfunction kernel = libxsmm_bsmmdispatch(a.m, a.n, a.k, &a.lda, &a.ldb, &a.ldc,
                                                           &a.alpha, &a.beta, &flags, nullptr);
  if (kernel == nullptr) throw Error(ErrorKind::kInternal, "libxsmm has no product in bfloat16");
  kernel(w, x, out.data);
}

void limit_packed_products(const char* level) {
  const int most = std::strcmp(level, "baseline") == 0 ? LIBXSMM_X86_SSE4
                   : std::strcmp(level, "avx2") == 0   ? LIBXSMM_X86_AVX2
                                                       : whole_target();
  libxsmm_set_target_archid(std::min(most, whole_target()));
}

bool libxsmm_multiplies_bf16() {
  return __builtin_cpu_supports("avx512bf16") && whole_target() >= LIBXSMM_X86_AVX512_CPX;
}

}  // namespace zanime::ops::cpu
