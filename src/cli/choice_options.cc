#include "cli/choice_options.h"

#include <charconv>

#include "base/error.h"
#include "base/text/quoted.h"

namespace zanime::cli {

uint64_t parse_seed(const std::string& option, const std::string& text) {
  uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seed);
  if (error != std::errc() || rest != end) {
    throw Error(ErrorKind::kUsage, option + " is " + text::quoted(text) +
                                       ", but must be a whole number from 0 to "
                                       "18446744073709551615; leave it out for a random one");
  }
  return seed;
}

std::optional<uint64_t> ChoiceOptions::seed() const {
  if (wildcard_seed.empty()) return std::nullopt;
  return parse_seed("--wildcard-seed", wildcard_seed);
}

void add_choice_options(CLI::App& command, ChoiceOptions& options) {
  const char* group = "Choices in the prompts";
  command
      .add_flag("--literal", options.literal,
                "Take {a|b} and __name__ in the prompts as they stand")
      ->group(group);
  command
      .add_option("--wildcards", options.wildcards,
                  "Folder of the files that __name__ stands for (default: ZANIME_WILDCARDS_DIR, or "
                  "wildcards in or beside the models root or in the current folder)")
      ->type_name("FOLDER")
      ->group(group);
  command
      .add_option("--wildcard-seed", options.wildcard_seed,
                  "Seed of the choices in the prompts (default: each picture's own seed)")
      ->type_name("N")
      ->group(group);
}

}  // namespace zanime::cli
