// Safetensors files written by hand, right or wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace zanime::testing {

inline std::string length_prefix(uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

// Header length, the JSON padded with spaces to a multiple of 8, `data_bytes` bytes of data.
inline std::string safetensors_bytes(std::string json, size_t data_bytes = 0) {
  while (json.size() % 8 != 0) json += ' ';
  return length_prefix(json.size()) + json + std::string(data_bytes, '\x11');
}

}  // namespace zanime::testing
