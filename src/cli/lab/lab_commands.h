// The subcommands of `zanime lab`, one function each.
#pragma once

#include <CLI/CLI.hpp>

#include "base/cancel.h"
#include "cli/globals.h"

namespace zanime::cli {

void add_lab_synth(CLI::App& lab, const CancelToken& cancel);
void add_lab_tokenize(CLI::App& lab, const CancelToken& cancel);
void add_lab_noise(CLI::App& lab);
void add_lab_sigmas(CLI::App& lab);
void add_lab_encode(CLI::App& lab, const GlobalOptions& globals, const CancelToken& cancel);
void add_lab_velocity(CLI::App& lab, const GlobalOptions& globals, const CancelToken& cancel);
void add_lab_sample(CLI::App& lab, const GlobalOptions& globals, const CancelToken& cancel);
void add_lab_decode(CLI::App& lab, const GlobalOptions& globals, const CancelToken& cancel);

}  // namespace zanime::cli
