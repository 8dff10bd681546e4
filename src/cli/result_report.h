// What a finished command prints on stdout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/globals.h"
#include "engine/engine.h"

namespace zanime::cli {

// One run of a graph, or several one after another. The tensors of its pictures are not kept.
struct RunReport {
  std::vector<std::filesystem::path> files, latents;
  std::vector<std::filesystem::path> others;  // models and pictures that nodes wrote themselves
  std::filesystem::path grid;                 // empty: none
  std::vector<uint64_t> seeds;                // `generate`: of each run
  std::vector<engine::EngineText> texts;
  std::vector<std::string> warnings;
  std::vector<std::pair<int64_t, int64_t>> sizes;  // width and height of each of the files
  std::vector<graph::NodeTiming> nodes;
  double seconds = 0;
  // Of the first picture and the first run.
  std::optional<std::string> parameters;
  nlohmann::ordered_json graph;

  void add(const engine::EngineResult& result);
};

// A line per file and text, or one JSON object: files, latents, others, texts, grid, seed, seeds,
// width and height, seconds, nodes (id, class, cached, seconds), warnings, parameters, graph.
void print_report(const RunReport& report, const GlobalOptions& globals);

}  // namespace zanime::cli
