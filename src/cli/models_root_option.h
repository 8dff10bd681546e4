// --models-root, which most commands have.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace zanime::cli {

// `folder` must outlive `command`; empty stands for ModelsRoot::default_path().
CLI::Option* add_models_root_option(CLI::App& command, std::string& folder);

}  // namespace zanime::cli
