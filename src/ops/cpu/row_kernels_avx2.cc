#define KERNELS_NAMESPACE avx2_set
#define KERNELS_LEVEL "avx2"
#include "ops/cpu/row_kernels.inc"

const RowKernels& avx2_kernels() { return avx2_set::kKernels; }

}  // namespace zanime::ops::cpu
