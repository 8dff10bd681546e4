// The program behind main().
#pragma once

#include "base/cancel.h"

namespace zanime::cli {

// Parses, runs, reports; returns the exit code (base/error.h, docs/cli.md).
int run_program(int argc, char** argv, const CancelToken& cancel);

}  // namespace zanime::cli
