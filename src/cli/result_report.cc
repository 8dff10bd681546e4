#include "cli/result_report.h"

#include <iostream>

#include <nlohmann/json.hpp>

#include "cli/progress_view.h"
#include "cli/terminal.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

ordered_json as_json(const EngineResult& result, const std::vector<std::filesystem::path>& files,
                     const std::vector<std::filesystem::path>& latents,
                     std::optional<uint64_t> seed) {
  ordered_json object = ordered_json::object();
  object["files"] = ordered_json::array();
  for (const auto& file : files) object["files"].push_back(file.string());
  object["latents"] = ordered_json::array();
  for (const auto& file : latents) object["latents"].push_back(file.string());
  if (seed) object["seed"] = *seed;
  if (!result.pictures.empty()) {
    object["width"] = result.pictures.front().pixels.dim(2);
    object["height"] = result.pictures.front().pixels.dim(1);
  }
  object["seconds"] = result.seconds;
  object["nodes"] = ordered_json::array();
  for (const nodes::NodeTiming& node : result.report.nodes) {
    object["nodes"].push_back({{"id", node.node_id},
                               {"class", node.class_type},
                               {"cached", node.cached},
                               {"seconds", node.seconds}});
  }
  object["warnings"] = result.warnings;
  if (!result.pictures.empty()) object["parameters"] = result.pictures.front().parameters;
  object["graph"] = result.graph;
  return object;
}

}  // namespace

void report_result(const EngineResult& result, const std::vector<std::filesystem::path>& files,
                   const std::vector<std::filesystem::path>& latents, std::optional<uint64_t> seed,
                   const GlobalOptions& globals) {
  if (globals.json) {
    std::cout << as_json(result, files, latents, seed)
                     .dump(2, ' ', false, ordered_json::error_handler_t::replace)
              << '\n';
    return;
  }
  if (globals.quiet) return;
  for (size_t i = 0; i < files.size(); ++i) {
    const Tensor& pixels = result.pictures.at(i).pixels;
    std::cout << printable(files[i].string()) << "  " << pixels.dim(2) << " x " << pixels.dim(1)
              << '\n';
  }
  for (const auto& file : latents) std::cout << printable(file.string()) << "  latent\n";
  std::cout << "done in " << duration_text(result.seconds) << '\n';
}

}  // namespace zanime::cli
