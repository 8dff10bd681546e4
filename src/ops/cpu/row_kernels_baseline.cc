#define KERNELS_NAMESPACE baseline_set
#define KERNELS_LEVEL "baseline"
#include "ops/cpu/row_kernels.inc"

const RowKernels& baseline_kernels() { return baseline_set::kKernels; }

}  // namespace zanime::ops::cpu
