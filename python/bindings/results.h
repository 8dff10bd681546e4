// What Python sees of a run: its progress and its result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nanobind/nanobind.h>
#include <nlohmann/json.hpp>

#include "base/tensor.h"
#include "engine/engine.h"

namespace zanime::python {

// 8-bit RGB rows, and what the PNG of them carries.
struct Picture {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> rgb;
  std::string graph, parameters;
};

// One thing that happened; `preview` is None or uint8 [rows, columns, 3].
struct Progress {
  std::string event;  // "started", "cached", "step", "finished"
  std::string node_id;
  std::string node;  // its title or display name
  int step = 0;
  int total = 0;
  double seconds = 0;
  nanobind::object preview;
};

// What a run gave, without its tensors: small enough to send to another process.
struct Result {
  std::vector<Picture> pictures;
  std::optional<engine::GenerationParams> params;  // of generate()
  nlohmann::ordered_json graph;
  std::vector<std::string> warnings;
  nlohmann::ordered_json timings;
  double seconds = 0;

  explicit Result() = default;
  explicit Result(const engine::EngineResult& result);
};

// uint8 [height, width, 3], a copy.
nanobind::object to_array(const Picture& picture);
// Picture `index` of pixels [batch, height, width, 3].
Picture to_picture(const Tensor& pixels, int64_t index);

}  // namespace zanime::python
