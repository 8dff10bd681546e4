// Options for words of prompts that change from picture to picture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace zanime::cli {

struct ChoiceOptions {
  bool literal = false;
  std::string wildcards;
  std::string wildcard_seed;

  // What stands after --wildcard-seed, if anything. Throws Error(kUsage).
  std::optional<uint64_t> seed() const;
};

// --literal, --wildcards and --wildcard-seed. `options` must outlive `command`.
void add_choice_options(CLI::App& command, ChoiceOptions& options);

// Throws Error(kUsage) for what is no seed; `option` names it.
uint64_t parse_seed(const std::string& option, const std::string& text);

}  // namespace zanime::cli
