#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "ops/cpu/cpu_backend.h"
#include "ops/ops.h"
#ifdef ZANIME_CUDA
#include "ops/cuda/make_cuda_backend.h"
#endif

namespace zanime::ops {
namespace {

// The number of "cuda" or "cuda:N"; nothing for other names.
std::optional<int> card_number(std::string_view device) {
  if (device == "cuda") return 0;
  if (!device.starts_with("cuda:")) return std::nullopt;
  const std::string_view digits = device.substr(5);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

std::shared_ptr<Backend> on_processor(const BackendOptions& options) {
  if (options.compute == Compute::kFloat8) {
    throw Error(ErrorKind::kUsage,
                "compute is 'fp8', which cards multiply; on a processor it is one of auto, fp32, "
                "bf16 and int8");
  }
  return make_cpu_backend(options.level, options.compute, options.memory);
}

std::shared_ptr<Backend> on_card([[maybe_unused]] int number,
                                 [[maybe_unused]] const BackendOptions& options) {
#ifdef ZANIME_CUDA
  std::shared_ptr<Backend> card = cuda::make_cuda_backend(number, options.compute, options.memory);
  log_debug(card->description());
  return card;
#else
  return nullptr;  // check_device() has refused it
#endif
}

// The first card, or null where there is none that can be used.
std::shared_ptr<Backend> on_any_card([[maybe_unused]] const BackendOptions& options) {
#ifdef ZANIME_CUDA
  try {
    return on_card(0, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kResource) throw;
    log_info("computing on the processor: " + std::string(error.what()));
  }
#endif
  return nullptr;
}

}  // namespace

void check_device(const std::string& device) {
  if (device == "auto" || device == "cpu") return;
  if (!card_number(device)) {
    throw Error(ErrorKind::kUsage, "device is '" + device +
                                       "'; it is one of auto, cpu, cuda and cuda:N, N counted "
                                       "from 0");
  }
#ifndef ZANIME_CUDA
  throw Error(ErrorKind::kUsage, "device is '" + device +
                                     "', but this program was built without support for cards "
                                     "(ZANIME_CUDA); --device cpu computes on the processor");
#endif
}

std::shared_ptr<Backend> make_backend(const BackendOptions& options) {
  check_device(options.device);
  if (options.threads > 0) set_thread_count(options.threads);
  if (const std::optional<int> number = card_number(options.device)) {
    return on_card(*number, options);
  }
  if (options.device == "auto") {
    if (std::shared_ptr<Backend> card = on_any_card(options)) return card;
  }
  return on_processor(options);
}

}  // namespace zanime::ops
