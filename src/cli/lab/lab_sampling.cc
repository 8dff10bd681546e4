// The lab commands that need no network: tokens, noise, sigmas.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/lab/lab_commands.h"
#include "cli/tensor_argument.h"
#include "models/tokenizer.h"
#include "sampling/noise.h"
#include "sampling/schedules.h"

namespace zanime::cli {
namespace {

// "1,16,8,8"
Shape parse_shape(const std::string& text) {
  std::vector<int64_t> dims;
  std::istringstream in(text);
  std::string part;
  while (std::getline(in, part, ',')) {
    size_t used = 0;
    int64_t extent = 0;
    try {
      extent = std::stoll(part, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != part.size() || extent < 1) {
      throw Error(ErrorKind::kUsage, "--shape is '" + text +
                                         "'; whole numbers from 1 with commas between them were "
                                         "expected, as in 1,16,8,8");
    }
    dims.push_back(extent);
  }
  if (dims.empty()) throw Error(ErrorKind::kUsage, "--shape is empty");
  return Shape::checked(std::move(dims));
}

std::string read_text(const std::string& path) {
  constexpr uintmax_t kMostBytes = uintmax_t{1} << 30;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw Error(ErrorKind::kFile, path + (std::filesystem::exists(path, error)
                                              ? ": is no file but a folder, a pipe or a device"
                                              : ": does not exist"));
  }
  if (std::filesystem::file_size(path, error) > kMostBytes) {
    throw Error(ErrorKind::kFile, path + ": is larger than 1 GiB");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorKind::kFile, path + ": cannot be opened for reading");
  return {std::istreambuf_iterator<char>(file), {}};
}

void tokenize(const std::string& path, const CancelToken& cancel) {
  nlohmann::json prompts;
  try {
    prompts = nlohmann::json::parse(read_text(path));
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kFile, path + ": not JSON: " + error.what());
  }
  nlohmann::json result = nlohmann::json::array();
  if (!prompts.is_array()) throw Error(ErrorKind::kFile, path + ": a JSON array was expected");
  for (const nlohmann::json& prompt : prompts) {
    cancel.throw_if_cancelled();
    if (!prompt.is_string()) {
      throw Error(ErrorKind::kFile,
                  path + ": entry " + std::to_string(result.size()) + " is not a string");
    }
    result.push_back(
        models::Tokenizer::qwen2().encode_prompt(prompt.get_ref<const std::string&>()));
  }
  std::cout << result.dump() << '\n';
}

}  // namespace

void add_lab_tokenize(CLI::App& lab, const CancelToken& cancel) {
  CLI::App* command = lab.add_subcommand("tokenize", "Token ids of prompts, template included");
  const auto path = std::make_shared<std::string>();
  command->add_option("--json", *path, "File with a JSON array of prompts")->required();
  command->callback([path, &cancel] { tokenize(*path, cancel); });
}

void add_lab_noise(CLI::App& lab) {
  struct Options {
    uint64_t seed = 0;
    std::string shape, out;
  };
  CLI::App* command = lab.add_subcommand("noise", "The noise of a seed, as tensor `noise`");
  const auto options = std::make_shared<Options>();
  command->add_option("--seed", options->seed, "Seed, 0 to 2^64 - 1")->required();
  command->add_option("--shape", options->shape, "Extents, as in 1,16,8,8")->required();
  command->add_option("-o,--output", options->out, "Safetensors file to write")->required();
  command->callback([options] {
    write_tensor(options->out, "noise",
                 sampling::normal_noise(parse_shape(options->shape), options->seed));
  });
}

void add_lab_sigmas(CLI::App& lab) {
  struct Options {
    std::string scheduler, sampler = "euler";
    int steps = 0;
    double shift = sampling::FlowSchedule::kDefaultShift;
    double denoise = 1.0;
  };
  CLI::App* command = lab.add_subcommand("sigmas", "The sigmas of a schedule, as a JSON array");
  const auto options = std::make_shared<Options>();
  command->add_option("--scheduler", options->scheduler, "Name of the schedule")->required();
  command->add_option("--steps", options->steps, "Number of steps")->required();
  command->add_option("--shift", options->shift, "Shift of the flow; default: the model's own, 3");
  command->add_option("--denoise", options->denoise, "Part of the schedule to run, 0 to 1");
  command->add_option("--sampler", options->sampler, "Sampler that will walk them");
  command->callback([options] {
    const std::vector<float> sigmas =
        sampling::make_sigmas(options->scheduler, sampling::FlowSchedule(options->shift),
                              options->steps, options->denoise, options->sampler);
    std::cout << nlohmann::json(sigmas).dump() << '\n';
  });
}

}  // namespace zanime::cli
