// The pictures that a request starts from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "engine/generation_params.h"

namespace zanime::engine {

// Fills in the size that a request leaves out, from the picture's: its shape stays, each side
// becomes a multiple of 8, and without any size given there are at most `max_pixels` (width x
// height).
void take_size(GenerationParams& params, int64_t picture_width, int64_t picture_height,
               int64_t max_pixels);

// What has to be known of pictures before a graph is made of a request. Reads a file once, and
// again after it changed.
class InputPictures {
 public:
  struct Facts {
    int64_t width = 0, height = 0;
    bool has_alpha = false;
  };
  // Throws what nodes::read_picture throws.
  const Facts& facts(const std::filesystem::path& path);

 private:
  std::map<std::string, Facts> known_;  // by path, size and time of change
};

}  // namespace zanime::engine
