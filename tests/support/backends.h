// The backends that the tests of src/ops/ and src/models/ run over: a new one is added here and
// inherits every test.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/cpu_level.h"
#include "ops/ops.h"
#ifdef ZANIME_CUDA
#include "ops/cuda/make_cuda_backend.h"
#endif

namespace zanime::testing {

struct BackendFactory {
  std::string name;  // of letters and digits: part of a test's name
  std::function<std::shared_ptr<ops::Backend>(ops::Compute)> make;

  friend void PrintTo(const BackendFactory& factory, std::ostream* out) { *out << factory.name; }
};

// The CPU at every instruction set present, and in a build for cards the first of this machine.
inline std::vector<BackendFactory> backend_factories() {
  std::vector<BackendFactory> factories;
  for (const std::string& level : ops::cpu_levels()) {
    factories.push_back(
        {level, [level](ops::Compute compute) { return ops::make_cpu_backend(level, compute); }});
  }
#ifdef ZANIME_CUDA
  if (ops::cuda::card_obstacle().empty()) {
    factories.push_back(
        {"cuda", [](ops::Compute compute) { return ops::cuda::make_cuda_backend(0, compute, 0); }});
  }
#endif
  return factories;
}

// Where tests that do not depend on the backend compute: as ZANIME_TEST_DEVICE says, else on the
// processor. scripts/on_card holds a card to all reference results by it.
inline std::string test_device() {
  const char* device = std::getenv("ZANIME_TEST_DEVICE");
  return device != nullptr ? device : "cpu";
}

// For those, in float32.
inline std::shared_ptr<ops::Backend> float32_backend() {
  return ops::make_backend({.device = test_device(), .compute = ops::Compute::kFloat32});
}

}  // namespace zanime::testing
