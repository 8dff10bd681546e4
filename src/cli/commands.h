// The commands of the program, one function each. A command runs while CLI11 parses; it prints
// results to stdout and throws Error. All arguments must outlive `app`.
#pragma once

#include <CLI/CLI.hpp>

#include "base/cancel.h"
#include "cli/globals.h"

namespace zanime::cli {

// Thrown by `verify` once it has told that it drew another picture: exit code 1.
struct DifferentPicture {};

void add_generate_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel);
void add_run_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel);
void add_upscale_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel);
void add_graph_command(CLI::App& app, const GlobalOptions& globals);
void add_nodes_command(CLI::App& app, const GlobalOptions& globals);
void add_fetch_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel);
void add_bench_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel);
void add_verify_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel);
void add_inspect_command(CLI::App& app, const GlobalOptions& globals);

}  // namespace zanime::cli
