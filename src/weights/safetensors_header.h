// The JSON header of a safetensors file, read strictly.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"

namespace zanime::weights {

struct HeaderEntry {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  uint64_t begin = 0;  // byte range after the header
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;
  std::map<std::string, std::string> metadata;
};

// Reads the header's JSON. Every entry has a known type, a shape whose bytes fit 63 bits, and a
// range of exactly those bytes. Throws Error(kFile) with a sentence that goes behind the file
// name; where the ranges lie in the file is for the caller to check. Fields beyond those of the
// format are skipped, as the reference does.
SafetensorsHeader parse_safetensors_header(std::string_view json);

}  // namespace zanime::weights
