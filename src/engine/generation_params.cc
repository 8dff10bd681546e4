#include "engine/generation_params.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>

#include "base/error.h"
#include "nodes/input_value.h"
#include "nodes/near_matches.h"
#include "sampling/samplers.h"
#include "sampling/schedules.h"

namespace zanime {
namespace {

std::string number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

void check_side(std::vector<std::string>& problems, const std::string& name, int64_t value) {
  if (value >= kMinSide && value <= kMaxSide && value % kSideStep == 0) return;
  // The two valid values around it, or the two at the end of the range that it lies beyond.
  const int64_t lower =
      value < kMinSide ? kMinSide : std::min(value / kSideStep * kSideStep, kMaxSide - kSideStep);
  problems.push_back(name + " is " + std::to_string(value) + ", but must be a multiple of " +
                     std::to_string(kSideStep) + " from " + std::to_string(kMinSide) + " to " +
                     std::to_string(kMaxSide) + "; the two nearest are " + std::to_string(lower) +
                     " and " + std::to_string(lower + kSideStep));
}

void check_integer(std::vector<std::string>& problems, const std::string& name, int64_t value,
                   int64_t min, int64_t max) {
  if (value >= min && value <= max) return;
  problems.push_back(name + " is " + std::to_string(value) + ", but must be from " +
                     std::to_string(min) + " to " + std::to_string(max));
}

void check_real(std::vector<std::string>& problems, const std::string& name, double value,
                double min, double max) {
  // Not a number fails both comparisons.
  if (value >= min && value <= max) return;
  problems.push_back(name + " is " + number(value) + ", but must be from " + number(min) + " to " +
                     number(max));
}

void check_choice(std::vector<std::string>& problems, const std::string& name,
                  const std::string& value, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  std::string problem = name + " " + nodes::quoted(value) + " does not exist";
  const std::vector<std::string> near = nodes::near_matches(value, choices);
  if (!near.empty()) problem += "; did you mean " + nodes::list_names(near, "or") + "?";
  problem += near.empty() ? "; there are " : " There are ";
  problems.push_back(problem + nodes::list_names(choices));
}

// Byte position where `text` stops being UTF-8 (RFC 3629), or npos.
size_t invalid_utf8_at(const std::string& text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t i = 0;
  while (i < text.size()) {
    const unsigned lead = byte(i);
    size_t length = 1;
    unsigned low = 0x80, high = 0xbf;  // of the second byte
    if (lead >= 0x80) {
      if (lead < 0xc2 || lead > 0xf4) return i;
      length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    if (i + length > text.size()) return i;
    for (size_t k = 1; k < length; ++k) {
      if (byte(i + k) < low || byte(i + k) > high) return i;
      low = 0x80;
      high = 0xbf;
    }
    i += length;
  }
  return std::string::npos;
}

void check_prompt(std::vector<std::string>& problems, const std::string& name,
                  const std::string& text) {
  const size_t invalid = invalid_utf8_at(text);
  if (invalid != std::string::npos) {
    problems.push_back(name + " is not valid UTF-8 at byte " + std::to_string(invalid) +
                       "; save it as UTF-8");
    return;
  }
  const size_t zero = text.find('\0');
  if (zero != std::string::npos) {
    problems.push_back(name + " has a zero byte at position " + std::to_string(zero) +
                       "; is it a binary file?");
  }
  const auto characters = static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
  if (characters > kMaxPromptCharacters) {
    problems.push_back(name + " has " + std::to_string(characters) + " characters; the limit is " +
                       std::to_string(kMaxPromptCharacters) +
                       " (the model was trained on a few hundred words)");
  }
}

}  // namespace

std::vector<std::string> problems_of(const GenerationParams& params) {
  std::vector<std::string> problems;
  check_prompt(problems, "the prompt", params.prompt);
  check_prompt(problems, "the negative prompt", params.negative_prompt);
  if (params.width) check_side(problems, "width", *params.width);
  if (params.height) check_side(problems, "height", *params.height);
  check_integer(problems, "steps", params.steps, 1, kMaxSteps);
  check_real(problems, "cfg", params.cfg, 0.0, kMaxCfg);
  check_choice(problems, "sampler", params.sampler, sampler_names());
  check_choice(problems, "scheduler", params.scheduler, scheduler_names());
  if (!(params.shift > 0.0 && params.shift <= kMaxShift)) {
    problems.push_back("shift is " + number(params.shift) + ", but must be above 0 and at most " +
                       number(kMaxShift));
  }
  check_integer(problems, "batch", params.batch, 1, kMaxBatch);
  check_real(problems, "denoise", params.denoise, 0.0, 1.0);
  return problems;
}

void validate(const GenerationParams& params) {
  const std::vector<std::string> problems = problems_of(params);
  if (problems.empty()) return;
  if (problems.size() == 1) throw Error(ErrorKind::kUsage, problems.front());
  std::string message = "the request has " + std::to_string(problems.size()) + " problems:";
  for (const std::string& problem : problems) message += "\n- " + problem;
  throw Error(ErrorKind::kUsage, message);
}

uint64_t random_seed() {
  std::random_device source;
  return (static_cast<uint64_t>(source()) << 32) | source();
}

}  // namespace zanime
