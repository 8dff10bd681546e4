#include "cli/result_report.h"

#include <algorithm>
#include <iostream>

#include "cli/json_output.h"
#include "cli/progress_view.h"
#include "cli/terminal.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

ordered_json paths(const std::vector<std::filesystem::path>& files) {
  ordered_json list = ordered_json::array();
  for (const auto& file : files) list.push_back(file.string());
  return list;
}

ordered_json as_json(const RunReport& report) {
  ordered_json object = ordered_json::object();
  object["files"] = paths(report.files);
  object["latents"] = paths(report.latents);
  object["others"] = paths(report.others);
  object["texts"] = ordered_json::array();
  for (const engine::EngineText& shown : report.texts) {
    object["texts"].push_back({{"id", shown.node_id}, {"text", shown.text}});
  }
  if (!report.grid.empty()) object["grid"] = report.grid.string();
  if (!report.seeds.empty()) {
    object["seed"] = report.seeds.front();
    object["seeds"] = report.seeds;
  }
  if (!report.sizes.empty()) {
    object["width"] = report.sizes.front().first;
    object["height"] = report.sizes.front().second;
  }
  object["seconds"] = report.seconds;
  object["nodes"] = ordered_json::array();
  for (const graph::NodeTiming& node : report.nodes) {
    object["nodes"].push_back({{"id", node.node_id},
                               {"class", node.class_type},
                               {"cached", node.cached},
                               {"seconds", node.seconds}});
  }
  object["warnings"] = report.warnings;
  if (report.parameters) object["parameters"] = *report.parameters;
  object["graph"] = report.graph;
  return object;
}

}  // namespace

void RunReport::add(const engine::EngineResult& result) {
  for (const engine::EnginePicture& picture : result.pictures) {
    sizes.emplace_back(picture.width, picture.height);
    if (!parameters) parameters = picture.parameters;
  }
  nodes.insert(nodes.end(), result.report.nodes.begin(), result.report.nodes.end());
  for (const std::string& warning : result.warnings) {
    if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) {
      warnings.push_back(warning);
    }
  }
  texts.insert(texts.end(), result.texts.begin(), result.texts.end());
  if (graph.is_null()) graph = result.graph;
  seconds += result.seconds;
}

void print_report(const RunReport& report, const GlobalOptions& globals) {
  if (globals.json) {
    std::cout << json_text(as_json(report)) << '\n';
    return;
  }
  if (globals.quiet) return;
  for (size_t i = 0; i < report.files.size(); ++i) {
    const auto& [width, height] = report.sizes.at(i);
    std::cout << printable(report.files[i].string()) << "  " << width << " x " << height << '\n';
  }
  for (const auto& file : report.latents) {
    std::cout << printable(file.string()) << "  latent\n";
  }
  for (const auto& file : report.others) std::cout << printable(file.string()) << '\n';
  for (const engine::EngineText& shown : report.texts) {
    std::cout << "node " << printable(shown.node_id) << ": " << printable(shown.text) << '\n';
  }
  if (!report.grid.empty()) std::cout << printable(report.grid.string()) << "  grid\n";
  std::cout << "done in " << duration_text(report.seconds) << '\n';
}

}  // namespace zanime::cli
