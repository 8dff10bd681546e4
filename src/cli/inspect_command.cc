// `zanime inspect`: what a picture or a model file says about itself, and which models there are.
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <system_error>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "checkpoints/inspect.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/models_root_option.h"
#include "cli/terminal.h"
#include "engine/engine.h"
#include "engine/inspect_file.h"
#include "fetch/model_folders.h"
#include "pictures/picture_info.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

void print(const ordered_json& json) { std::cout << json_text(json) << '\n'; }

void show_picture(const std::filesystem::path& path) {
  const pictures::PictureInfo info = pictures::read_picture_info(path);
  std::cout << printable(path.string()) << ": picture, " << info.width << " x " << info.height
            << '\n';
  if (info.texts.empty()) std::cout << "it does not say how it was made\n";
  for (const auto& [keyword, text] : info.texts) {
    const ordered_json json = engine::text_as_json(keyword, text);
    const std::string shown =
        json.is_string() ? text : json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
    std::cout << '\n' << printable(keyword) << ":\n" << printable(shown) << '\n';
  }
}

void inspect(const std::filesystem::path& path, const GlobalOptions& globals) {
  if (globals.json) {
    print(engine::inspect_file(path));
  } else if (engine::is_picture_file(path)) {
    show_picture(path);
  } else {
    std::cout << printable(checkpoints::report_text(checkpoints::inspect_model(path)));
  }
}

// What is found where: for each kind of model, the folders in the order in which they are looked
// through, and what lies in them.
ordered_json models_found(const engine::ModelsRoot& models) {
  ordered_json kinds = ordered_json::object();
  for (const fetch::ModelFolder& kind : fetch::model_folders()) {
    const std::string name(kind.name);
    ordered_json& folders = kinds[name] = ordered_json::array();
    std::set<std::string> seen;
    for (const std::filesystem::path& place : models.places(name)) {
      std::error_code error;
      if (!std::filesystem::is_directory(place, error)) continue;
      ordered_json files = ordered_json::array(), hidden = ordered_json::array();
      for (const std::string& file : engine::ModelsRoot::names_in(place)) {
        (seen.insert(file).second ? files : hidden).push_back(file);
      }
      folders.push_back({{"folder", place.string()}, {"files", files}, {"hidden", hidden}});
    }
  }
  return kinds;
}

void show_models(const std::string& models_root, const GlobalOptions& globals) {
  engine::EngineOptions options = engine_options_for(globals);
  options.models_root = models_root;
  const engine::Engine engine(options);
  const ordered_json kinds = models_found(engine.models());
  if (globals.json) {
    print(kinds);
    return;
  }
  for (const auto& [kind, folders] : kinds.items()) {
    std::cout << kind << '\n';
    for (const ordered_json& folder : folders) {
      std::cout << "  " << printable(folder["folder"].get<std::string>()) << '\n';
      for (const ordered_json& file : folder["files"]) {
        std::cout << "    " << printable(file.get<std::string>()) << '\n';
      }
      for (const ordered_json& file : folder["hidden"]) {
        std::cout << "    " << printable(file.get<std::string>())
                  << "  (a file of this name stands in a folder above)\n";
      }
    }
    if (folders.empty()) std::cout << "  no folder\n";
  }
}

}  // namespace

void add_inspect_command(CLI::App& app, const GlobalOptions& globals) {
  CLI::App* command = app.add_subcommand(
      "inspect", "Show how a picture was made, what is in a model file, or which models there are");
  struct Options {
    std::string path, models_root;
    bool models = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::Option* file = command->add_option("file", options->path, "Picture or model file");
  command
      ->add_flag("--models", options->models,
                 "Instead: the folders that are looked through for models, and what is in them")
      ->excludes(file);
  add_models_root_option(*command, options->models_root);
  command->callback([options, &globals] {
    if (options->models) {
      show_models(options->models_root, globals);
    } else if (options->path.empty()) {
      throw Error(ErrorKind::kUsage, "name a picture or a model file, or say --models");
    } else {
      inspect(options->path, globals);
    }
  });
}

}  // namespace zanime::cli
