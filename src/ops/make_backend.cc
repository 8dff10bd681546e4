#include "base/error.h"
#include "base/parallel.h"
#include "ops/cpu/cpu_backend.h"
#include "ops/ops.h"

namespace zanime::ops {

std::shared_ptr<Backend> make_backend(const BackendOptions& options) {
  if (options.device != "auto" && options.device != "cpu") {
    throw Error(ErrorKind::kUsage,
                "device is '" + options.device + "'; it is one of auto and cpu in this version");
  }
  if (options.threads > 0) set_thread_count(options.threads);
  return make_cpu_backend("", options.compute, options.memory);
}

}  // namespace zanime::ops
