// `zanime inspect`: what a picture or a model file says about itself.
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "checkpoints/inspect.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "engine/inspect_file.h"
#include "pictures/picture_info.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

void print(const ordered_json& json) {
  std::cout << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

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

}  // namespace

void add_inspect_command(CLI::App& app, const GlobalOptions& globals) {
  CLI::App* command =
      app.add_subcommand("inspect", "Show how a picture was made, or what is in a model file");
  const auto path = std::make_shared<std::string>();
  command->add_option("file", *path, "Picture or model file")->required();
  command->callback([path, &globals] { inspect(*path, globals); });
}

}  // namespace zanime::cli
