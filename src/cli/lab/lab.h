// `zanime lab`: the parts of the engine by themselves, for people who study or test it. The
// commands are documented in docs/lab.md and stay as they are.
#pragma once

#include <CLI/CLI.hpp>

#include "base/cancel.h"
#include "cli/globals.h"

namespace zanime::cli {

// Adds the command and its subcommands. A subcommand runs while CLI11 parses; it prints results to
// stdout and throws Error. `globals` and `cancel` must outlive `app`.
void add_lab_commands(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel);

}  // namespace zanime::cli
