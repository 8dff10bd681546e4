#include "engine/builtin_model.h"

#include <system_error>

namespace zanime::builtin {
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

bool is_used_by(const GenerationParams& params) { return params.model == kDiffusionModel; }

}  // namespace zanime::builtin
