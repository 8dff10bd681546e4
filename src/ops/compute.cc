#include "base/error.h"
#include "ops/ops.h"

namespace zanime::ops {

Compute parse_compute(const std::string& name) {
  // The fastest that keeps the reference's pictures, which is float32 so far.
  if (name == "auto" || name == "fp32") return Compute::kFloat32;
  if (name == "int8") return Compute::kInt8;
  throw Error(ErrorKind::kUsage, "compute is '" + name +
                                     "'; this version computes in fp32 (auto takes it) or, faster "
                                     "and less exactly, in int8");
}

}  // namespace zanime::ops
