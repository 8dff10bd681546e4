#include "engine/builtin_model.h"

#include <algorithm>
#include <system_error>

namespace zanime::engine::builtin {
namespace fs = std::filesystem;

fs::path folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (const fs::path& candidate :
       {program.parent_path().parent_path() / "share" / "zanime" / "small-model",
        fs::path(ZANIME_SOURCE_ASSETS) / "small-model"}) {
    if (fs::is_regular_file(candidate / "diffusion_models" / kDiffusionModel, error)) {
      return candidate;
    }
  }
  return {};
}

std::string strain(int64_t width, int64_t height) {
  const int64_t side = std::max(width, height);
  if (side <= kSide) return {};
  const auto square = [](int64_t s) { return std::to_string(s) + " x " + std::to_string(s); };
  const std::string size = std::to_string(width) + " x " + std::to_string(height);
  if (side <= kLargestSide) {
    return "the built-in model was mostly trained on " + square(kSide) + " pixels; " + size +
           " will be rougher";
  }
  return "the built-in model was trained on at most " + square(kLargestSide) + " pixels; " + size +
         " will fall apart";
}

bool is_used_by(const GenerationParams& params) { return params.model == kDiffusionModel; }

}  // namespace zanime::engine::builtin
