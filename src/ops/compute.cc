#include "base/error.h"
#include "ops/ops.h"

namespace zanime::ops {

Compute parse_compute(const std::string& name) {
  if (name == "auto") return Compute::kAuto;
  if (name == "fp32") return Compute::kFloat32;
  if (name == "bf16") return Compute::kBFloat16;
  if (name == "fp8") return Compute::kFloat8;
  if (name == "int8") return Compute::kInt8;
  throw Error(ErrorKind::kUsage,
              "compute is '" + name + "'; it is one of auto, fp32, bf16, fp8 and int8");
}

}  // namespace zanime::ops
