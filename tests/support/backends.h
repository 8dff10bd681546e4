// The backends that the tests of src/ops/ and src/models/ run over: a new one is added here and
// inherits every test.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/cpu_level.h"
#include "ops/ops.h"

namespace zanime::testing {

struct BackendFactory {
  std::string name;  // of letters and digits: part of a test's name
  std::function<std::shared_ptr<ops::Backend>(ops::Compute)> make;

  friend void PrintTo(const BackendFactory& factory, std::ostream* out) { *out << factory.name; }
};

// The CPU at every instruction set present.
inline std::vector<BackendFactory> backend_factories() {
  std::vector<BackendFactory> factories;
  for (const std::string& level : ops::cpu_levels()) {
    factories.push_back(
        {level, [level](ops::Compute compute) { return ops::make_cpu_backend(level, compute); }});
  }
  return factories;
}

// For tests that do not depend on the backend: the CPU in float32.
inline std::shared_ptr<ops::Backend> float32_backend() {
  return ops::make_backend({.device = "cpu", .compute = ops::Compute::kFloat32});
}

}  // namespace zanime::testing
