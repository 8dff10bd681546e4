// What a finished run prints on stdout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "cli/globals.h"
#include "engine/engine.h"

namespace zanime::cli {

// A line per file, or one JSON object: files, latents, seed, width and height, seconds, nodes (id,
// class, cached, seconds), warnings, parameters, graph.
void report_result(const EngineResult& result, const std::vector<std::filesystem::path>& files,
                   const std::vector<std::filesystem::path>& latents, std::optional<uint64_t> seed,
                   const GlobalOptions& globals);

}  // namespace zanime::cli
