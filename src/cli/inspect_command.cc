// `zanime inspect`: what a picture or a model file says about itself.
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "engine/picture_info.h"
#include "weights/inspect.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

bool is_png(const std::filesystem::path& path) {
  std::array<char, 8> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  return std::string_view(start.data(), start.size()) == "\x89PNG\r\n\x1a\n";
}

void print(const ordered_json& json) {
  std::cout << json.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

// A text that is JSON as JSON, any other as a string.
ordered_json parsed_or_text(const std::string& text) {
  ordered_json json = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() || json.is_array() ? json : ordered_json(text);
}

void inspect_picture(const std::filesystem::path& path, const GlobalOptions& globals) {
  const PictureInfo info = read_picture_info(path);
  if (globals.json) {
    ordered_json object = {{"file", path.string()},
                           {"kind", "picture"},
                           {"width", info.width},
                           {"height", info.height}};
    for (const auto& [keyword, text] : info.texts) {
      object[keyword] = keyword == "parameters" ? ordered_json(text) : parsed_or_text(text);
    }
    print(object);
    return;
  }
  std::cout << printable(path.string()) << ": picture, " << info.width << " x " << info.height
            << '\n';
  if (info.texts.empty()) std::cout << "it does not say how it was made\n";
  for (const auto& [keyword, text] : info.texts) {
    const ordered_json json = keyword == "parameters" ? ordered_json(text) : parsed_or_text(text);
    const std::string shown =
        json.is_string() ? text : json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
    std::cout << '\n' << printable(keyword) << ":\n" << printable(shown) << '\n';
  }
}

ordered_json as_json(const std::map<DType, TypeTotal>& types) {
  ordered_json object = ordered_json::object();
  for (const auto& [dtype, total] : types) {
    object[std::string(dtype_name(dtype))] = {{"tensors", total.tensors}, {"bytes", total.bytes}};
  }
  return object;
}

ordered_json as_json(const ModelReport& report) {
  ordered_json networks = ordered_json::array();
  for (const NetworkReport& network : report.networks) {
    ordered_json widths = ordered_json::object();
    for (const auto& [name, value] : network.widths) widths[name] = value;
    networks.push_back({{"family", network.name},
                        {"layout", network.layout},
                        {"prefix", network.prefix},
                        {"widths", std::move(widths)},
                        {"tensors", network.tensors},
                        {"parameters", network.parameters},
                        {"types", as_json(network.types)},
                        {"scaled", network.scaled}});
  }
  return {{"file", report.path.string()},    {"kind", "model"},
          {"bytes", report.file_size},       {"description", report.description},
          {"networks", std::move(networks)}, {"tensors", report.tensors},
          {"parameters", report.parameters}, {"types", as_json(report.types)},
          {"metadata", report.metadata},     {"oddities", report.oddities}};
}

void inspect(const std::filesystem::path& path, const GlobalOptions& globals) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw Error(ErrorKind::kFile, path.string() + " does not exist");
  }
  if (std::filesystem::is_directory(path, error)) {
    throw Error(ErrorKind::kFile, path.string() + " is a folder; name a file in it");
  }
  if (is_png(path)) {
    inspect_picture(path, globals);
    return;
  }
  const ModelReport report = inspect_model(path);
  if (globals.json) {
    print(as_json(report));
  } else {
    std::cout << printable(report_text(report));
  }
}

}  // namespace

void add_inspect_command(CLI::App& app, const GlobalOptions& globals) {
  CLI::App* command =
      app.add_subcommand("inspect", "Show how a picture was made, or what is in a model file");
  const auto path = std::make_shared<std::string>();
  command->add_option("file", *path, "PNG or model file")->required();
  command->callback([path, &globals] { inspect(*path, globals); });
}

}  // namespace zanime::cli
