#define KERNELS_NAMESPACE avx512_set
#define KERNELS_LEVEL "avx512"
#include "ops/cpu/row_kernels.inc"

const RowKernels& avx512_kernels() { return avx512_set::kKernels; }

}  // namespace zanime::ops::cpu
