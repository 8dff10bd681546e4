#include "cli/models_root_option.h"

namespace zanime::cli {

CLI::Option* add_models_root_option(CLI::App& command, std::string& folder) {
  return command.add_option(
      "--models-root", folder,
      "Folder with the model files (default: ZANIME_MODELS_ROOT, ComfyUI/models, or the user's "
      "data folder)");
}

}  // namespace zanime::cli
