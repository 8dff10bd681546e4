#include "ops/cpu/cpu_level.h"

#include <array>
#include <cstdlib>

#include <oneapi/dnnl/dnnl.hpp>

#include "base/error.h"
#include "base/log.h"
#include "ops/cpu/amx_product.h"
#include "ops/cpu/packed_product.h"
#include "ops/ops.h"

namespace zanime::ops {
namespace cpu {
namespace {

struct Level {
  const char* name;
  const RowKernels& (*kernels)();
  dnnl::cpu_isa isa;
  bool (*present)();
};

using Bf16Product = decltype(RowKernels::multiply_bf16);

// AVX-512's loops over rows, with products in bfloat16.
RowKernels with_bf16(const char* level, Bf16Product product) {
  RowKernels kernels = avx512_kernels();
  kernels.level = level;
  kernels.multiply_bf16 = product;
  return kernels;
}

const RowKernels& avx512_bf16_kernels() {
  static const RowKernels kernels = with_bf16("avx512_bf16", multiply_packed_bf16);
  return kernels;
}

const RowKernels& amx_kernels() {
  static const RowKernels kernels = with_bf16("amx", multiply_packed_tiles);
  return kernels;
}

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

const std::array kLevels = {
    Level{"baseline", baseline_kernels, dnnl::cpu_isa::sse41, [] { return true; }},
    Level{"avx2", avx2_kernels, dnnl::cpu_isa::avx2,
          [] {
            return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("f16c");
          }},
    Level{"avx512", avx512_kernels, dnnl::cpu_isa::avx512_core, has_avx512},
    Level{"avx512_bf16", avx512_bf16_kernels, dnnl::cpu_isa::avx512_core_bf16,
          [] { return has_avx512() && libxsmm_multiplies_bf16(); }},
    Level{"amx", amx_kernels, dnnl::cpu_isa::avx512_core_amx,
          [] { return has_avx512() && has_bf16_tiles(); }},
};

std::string names_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

const RowKernels& select_kernels(const std::string& level) {
  const char* variable = std::getenv("ZANIME_CPU_LEVEL");
  const bool from_environment = level.empty() && variable != nullptr && *variable != '\0';
  const std::string wanted = from_environment ? variable
                             : level.empty()  ? cpu_levels().back()
                                              : level;
  for (const Level& candidate : kLevels) {
    if (wanted != candidate.name) continue;
    if (!candidate.present()) break;
    // The libraries take the cap only before their first kernels; a second backend in one process
    // with another level shares the first one's cap, which changes speed and not meaning.
    const bool is_best = wanted == cpu_levels().back();
    limit_packed_products(candidate.name);
    if (!is_best && dnnl::set_max_cpu_isa(candidate.isa) != dnnl::status::success) {
      log_debug("oneDNN keeps the instruction set it started with");
    }
    return candidate.kernels();
  }
  throw Error(ErrorKind::kUsage, std::string(from_environment ? "ZANIME_CPU_LEVEL" : "CPU level") +
                                     " is '" + wanted +
                                     "'; this CPU has: " + names_of(cpu_levels()));
}

}  // namespace cpu

std::vector<std::string> cpu_levels() {
  std::vector<std::string> names;
  for (const cpu::Level& level : cpu::kLevels) {
    if (level.present()) names.emplace_back(level.name);
  }
  return names;
}

}  // namespace zanime::ops
