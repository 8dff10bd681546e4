#include "engine/inspect_file.h"

#include <array>
#include <fstream>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "checkpoints/inspect.h"
#include "checkpoints/split_model.h"
#include "graph/json_text.h"
#include "pictures/picture_info.h"
#include "pictures/picture_kind.h"

namespace zanime::engine {
namespace {

using nlohmann::ordered_json;

ordered_json as_json(const std::map<DType, checkpoints::TypeTotal>& types) {
  ordered_json object = ordered_json::object();
  for (const auto& [dtype, total] : types) {
    object[std::string(dtype_name(dtype))] = {{"tensors", total.tensors}, {"bytes", total.bytes}};
  }
  return object;
}

ordered_json as_json(const checkpoints::ModelReport& report) {
  ordered_json networks = ordered_json::array();
  for (const checkpoints::NetworkReport& network : report.networks) {
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

ordered_json as_json(const std::filesystem::path& path, const pictures::PictureInfo& info) {
  ordered_json object = {
      {"file", path.string()}, {"kind", "picture"}, {"width", info.width}, {"height", info.height}};
  for (const auto& [keyword, text] : info.texts) object[keyword] = text_as_json(keyword, text);
  return object;
}

}  // namespace

bool is_picture_file(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorKind::kFile, path.string() + " does not exist");
  }
  if (std::filesystem::is_directory(status)) {
    if (checkpoints::is_model_folder(path)) return false;
    throw Error(ErrorKind::kFile, path.string() + " is a folder; name a file in it");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorKind::kFile, path.string() + " is a device or a pipe; name a file");
  }
  std::array<char, pictures::kPictureKindBytes> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  return pictures::picture_kind({start.data(), static_cast<size_t>(file.gcount())}).has_value();
}

ordered_json inspect_file(const std::filesystem::path& path) {
  if (is_picture_file(path)) return as_json(path, pictures::read_picture_info(path));
  return as_json(checkpoints::inspect_model(path));
}

ordered_json text_as_json(const std::string& keyword, const std::string& text) {
  if (keyword == "parameters") return text;
  try {
    ordered_json json = graph::parse_graph_json(text, keyword);
    if (json.is_structured()) return json;
  } catch (const Error&) {
    // Whatever it is, people can look at it.
  }
  return text;
}

}  // namespace zanime::engine
