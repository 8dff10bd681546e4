// What a weight file from an untrusted place goes through, for the fuzzer and for the mutation
// test. Any outcome but a value or an Error is a defect.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "base/error.h"
#include "checkpoints/family.h"
#include "checkpoints/open_model.h"
#include "weights/safetensors.h"
#include "weights/weight_values.h"

namespace zanime::testing {

// Returns whether the file was accepted.
inline bool exercise_safetensors(std::span<const std::byte> bytes) {
  // A heap copy of exactly this size lets the address sanitizer see a read beyond the end; it is
  // aligned as a mapping is.
  const std::vector<std::byte> file(bytes.begin(), bytes.end());
  try {
    const auto parsed = weights::parse_safetensors("fuzz", file);
    double sum = 0;
    for (const auto& [name, entry] : parsed->tensors()) {
      for (uint64_t i = 0; i < entry.bytes; ++i) sum += static_cast<double>(entry.data[i]);
      const Tensor values = parsed->read_float32(name);
      for (const float value : values.values()) sum += static_cast<double>(value);
    }
    // Keeps the reads.
    if (sum == 0.123) std::abort();
    const checkpoints::FileContents contents = checkpoints::identify(*parsed);
    for (const checkpoints::ModelComponent& component : contents.components) {
      try {
        const checkpoints::ModelWeights model = checkpoints::load_component(parsed, component);
        for (const auto& [name, weight] : model.all()) weights::to_float32(weight);
      } catch (const Error&) {
      }
    }
    return true;
  } catch (const Error& error) {
    if (std::strlen(error.what()) > 2000) std::abort();
    return false;
  }
}

}  // namespace zanime::testing
