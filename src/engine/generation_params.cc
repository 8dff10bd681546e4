#include "engine/generation_params.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>

#include "base/error.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"
#include "base/text/utf8.h"
#include "engine/prompt_expansion.h"
#include "pictures/mask_planes.h"
#include "sampling/samplers.h"
#include "sampling/schedules.h"

namespace zanime::engine {
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
  std::string problem = name + " " + text::quoted(value) + " does not exist";
  const std::vector<std::string> near = text::near_matches(value, choices);
  if (!near.empty()) problem += "; did you mean " + text::list_names(near, "or") + "?";
  problem += near.empty() ? "; there are " : " There are ";
  problems.push_back(problem + text::list_names(choices));
}

void check_prompt(std::vector<std::string>& problems, const std::string& name,
                  const std::string& text, bool expand) {
  const size_t invalid = text::invalid_utf8_at(text);
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
  const size_t characters = text::characters_of(text);
  if (characters > kMaxPromptCharacters) {
    problems.push_back(name + " has " + std::to_string(characters) + " characters; the limit is " +
                       std::to_string(kMaxPromptCharacters) +
                       " (the model was trained on a few hundred words)");
  }
  if (!expand) return;
  if (const std::string problem = problem_of_braces(text); !problem.empty()) {
    problems.push_back(name + " " + problem);
  }
}

void check_init_image(std::vector<std::string>& problems, const GenerationParams& params) {
  if (params.strength) check_real(problems, "strength", *params.strength, 0.0, 1.0);
  if (!params.mask_channel.empty()) {
    check_choice(problems, "mask channel", params.mask_channel, pictures::mask_channels());
  }
  if (params.init_image.empty()) {
    if (!params.mask.empty()) {
      problems.push_back("a mask is given, but no picture that it covers; add the init image");
    }
    if (params.strength) {
      problems.push_back("strength says how much of the init image is replaced, and there is none");
    }
  } else if (params.denoise != 1.0) {
    problems.push_back("denoise is " + number(params.denoise) +
                       ", but with an init image it is `strength` that says this; leave one out");
  }
}

void check_hires(std::vector<std::string>& problems, const GenerationParams& params) {
  check_real(problems, "hires", params.hires, 1.0, kMaxHires);
  check_real(problems, "hires strength", params.hires_strength, 0.0, 1.0);
  if (params.hires_steps) {
    check_integer(problems, "hires steps", *params.hires_steps, 1, kMaxSteps);
  }
  if (!params.hires_from.empty()) {
    check_choice(problems, "hires source", params.hires_from, hires_sources());
  }
  if (!(params.hires > 1.0 && params.hires <= kMaxHires)) return;
  const int64_t side =
      finished_side(std::max(params.width.value_or(0), params.height.value_or(0)), params.hires);
  if (side > kMaxSide) {
    problems.push_back("hires is " + number(params.hires) + ", which makes a side of " +
                       std::to_string(side) + " pixels; at most " + std::to_string(kMaxSide) +
                       " are possible");
  }
}

void check_loras(std::vector<std::string>& problems, const std::vector<LoraChoice>& loras) {
  for (const LoraChoice& lora : loras) {
    if (lora.name.empty()) problems.push_back("a LoRA has no name");
    check_real(problems, "the strength of the LoRA " + text::quoted(lora.name), lora.strength,
               -kMaxLoraStrength, kMaxLoraStrength);
  }
}

void check_control(std::vector<std::string>& problems, const GenerationParams& params) {
  check_real(problems, "control strength", params.control_strength, -kMaxControlStrength,
             kMaxControlStrength);
  if (!params.control.empty() && params.control_image.empty()) {
    problems.push_back(
        "a control file is given, but no picture that it follows; add the control "
        "image");
  }
  if (params.control.empty() && !params.control_image.empty()) {
    problems.push_back(
        "a control image is given, but no file that follows it; add the control "
        "file, one of model_patches/");
  }
  if (params.control_canny && params.control_image.empty()) {
    problems.push_back("edges are to be drawn of the control image, and there is none");
  }
}

}  // namespace

const std::vector<std::string>& hires_sources() {
  static const std::vector<std::string> kSources{"picture", "latent"};
  return kSources;
}

int64_t finished_side(int64_t side, double hires) {
  return std::llround(static_cast<double>(side) * hires);
}

std::vector<std::string> problems_of(const GenerationParams& params) {
  std::vector<std::string> problems;
  check_prompt(problems, "the prompt", params.prompt, params.expand);
  check_prompt(problems, "the negative prompt", params.negative_prompt, params.expand);
  if (params.width) check_side(problems, "width", *params.width);
  if (params.height) check_side(problems, "height", *params.height);
  check_integer(problems, "steps", params.steps, 1, kMaxSteps);
  check_real(problems, "cfg", params.cfg, 0.0, kMaxCfg);
  check_choice(problems, "sampler", params.sampler, sampling::sampler_names());
  check_choice(problems, "scheduler", params.scheduler, sampling::scheduler_names());
  if (!(params.shift > 0.0 && params.shift <= kMaxShift)) {
    problems.push_back("shift is " + number(params.shift) + ", but must be above 0 and at most " +
                       number(kMaxShift));
  }
  check_integer(problems, "batch", params.batch, 1, kMaxBatch);
  check_real(problems, "denoise", params.denoise, 0.0, 1.0);
  check_init_image(problems, params);
  check_hires(problems, params);
  check_loras(problems, params.loras);
  check_control(problems, params);
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

}  // namespace zanime::engine
