#include "cli/workflow_input.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/read_parameters.h"
#include "graph/edit.h"
#include "graph/json_text.h"
#include "pictures/picture_info.h"
#include "pictures/picture_kind.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

// More than any workflow, and any picture that carries one.
constexpr uint64_t kMaxWorkflowBytes = 1u << 30;

[[noreturn]] void fail_oversized(const std::string& source) {
  throw Error(ErrorKind::kFile, source + " is larger than any workflow (1 GiB)");
}

// Standard input up to its end, which may take its time: `cancel` is looked at meanwhile.
std::string read_standard_input(const CancelToken& cancel) {
  constexpr int kLookMilliseconds = 100;
  std::string bytes;
  std::array<char, 1 << 16> piece;
  for (;;) {
    cancel.throw_if_cancelled();
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, kLookMilliseconds) == 0) continue;
    const ssize_t count = read(STDIN_FILENO, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(ErrorKind::kFile, "standard input cannot be read");
    if (count == 0) return bytes;
    bytes.append(piece.data(), static_cast<size_t>(count));
    if (bytes.size() > kMaxWorkflowBytes) fail_oversized("standard input");
  }
}

std::string read_all(const std::string& path, const CancelToken& cancel) {
  if (path == "-") return read_standard_input(cancel);
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorKind::kFile, "the workflow " + path + " does not exist");
  }
  if (std::filesystem::is_directory(status)) {
    throw Error(ErrorKind::kFile, "the workflow " + path + " is a folder");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorKind::kFile, "the workflow " + path +
                                      " is a pipe or a device; name a file, or - and send it to "
                                      "standard input");
  }
  if (std::filesystem::file_size(path, error) > kMaxWorkflowBytes && !error) {
    fail_oversized("the workflow " + path);
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error(ErrorKind::kFile, "the workflow " + path + " cannot be read");
  return bytes;
}

// The request that a picture's readable text states, as a graph.
ordered_json graph_of_parameters(const std::string& text, const std::string& source,
                                 engine::Engine& engine, std::vector<std::string>& warnings) {
  const engine::ParametersRequest request = engine::read_parameters(text, engine.files());
  std::string left;
  for (const std::string& setting : request.not_honoured) {
    left += (left.empty() ? ", without " : ", ") + setting;
  }
  warnings.push_back(source + ": made of its readable parameters" + left);
  return engine.graph_for(engine.complete(request.params));
}

// The graph that ran, or else the workflow as it stood in the editor, or else the request that the
// readable text states. Of two texts that should be a graph a whole one counts.
ordered_json parse_picture(std::string_view bytes, const std::string& source,
                           engine::Engine& engine, std::vector<std::string>& warnings) {
  const pictures::PictureInfo info = pictures::parse_picture_info(bytes, source);
  std::optional<Error> broken;
  for (const char* keyword : {"prompt", "workflow"}) {
    const auto text = info.texts.find(keyword);
    if (text == info.texts.end()) continue;
    try {
      ordered_json graph = graph::parse_graph_json(
          text->second, "`" + std::string(keyword) + "` of the picture " + source);
      if (broken) warnings.push_back(std::string(broken->what()) + "; its `workflow` is taken");
      return graph;
    } catch (const Error& error) {
      if (!broken) broken = error;
    }
  }
  const auto parameters = info.texts.find("parameters");
  if (parameters != info.texts.end() && engine::is_parameters_text(parameters->second)) {
    if (broken) warnings.push_back(std::string(broken->what()) + "; its `parameters` are taken");
    return graph_of_parameters(parameters->second, source, engine, warnings);
  }
  if (broken) throw *broken;
  throw Error(ErrorKind::kFile,
              "the picture " + source +
                  " carries no workflow; editing programs and many sites take it out, so use the "
                  "file as it was saved");
}

}  // namespace

void add_workflow_options(CLI::App& command, WorkflowOptions& options) {
  command
      .add_option("file", options.file,
                  "Workflow (JSON, as saved or as exported for the API), picture (PNG, WebP, JPEG) "
                  "that carries one or the parameters of A1111 and Forge, or - for standard input")
      ->required();
  command
      .add_option("--set", options.settings,
                  "Set an input: NODE.INPUT=VALUE, where NODE is an id, a title or a class name "
                  "(repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  const char* group = "Shortcuts, for the nodes that the links lead to";
  command.add_option("-p,--prompt", options.prompt, "Prompt")->group(group);
  command.add_option("-n,--negative", options.negative, "Negative prompt")->group(group);
  command.add_option("--seed", options.seed, "Seed, of all samplers")->group(group);
  command.add_option("-s,--steps", options.steps, "Steps")->group(group);
  command.add_option("--cfg", options.cfg, "Guidance")->group(group);
  command.add_option("--sampler", options.sampler, "Sampler")->group(group);
  command.add_option("--scheduler", options.scheduler, "Scheduler")->group(group);
  command.add_option("-W,--width", options.width, "Width of the empty latent")->group(group);
  command.add_option("-H,--height", options.height, "Height of the empty latent")->group(group);
  command.add_option("-m,--model", options.model, "Model file")->group(group);
  command.add_option("--text-encoder", options.text_encoder, "Text encoder file")->group(group);
  command.add_option("--vae", options.vae, "Autoencoder file")->group(group);
}

void search_beside(const WorkflowOptions& options, engine::UserFiles& files) {
  if (options.file != "-") files.also_search(std::filesystem::path(options.file).parent_path());
}

graph::ApiWorkflow read_workflow(const WorkflowOptions& options, engine::Engine& engine,
                                 std::vector<std::string>& warnings, const CancelToken& cancel) {
  const std::string source = options.file == "-" ? "the workflow" : options.file;
  const std::string bytes = read_all(options.file, cancel);
  ordered_json json;
  if (pictures::picture_kind(bytes) || pictures::is_png_sent_as_text(bytes)) {
    json = parse_picture(bytes, source, engine, warnings);
  } else if (engine::is_parameters_text(bytes)) {
    json = graph_of_parameters(bytes, source, engine, warnings);
  } else {
    json = graph::parse_graph_json(bytes, source);
  }
  return graph::to_api(json, engine.registry(), &warnings);
}

void change_workflow(const WorkflowOptions& options, const graph::NodeRegistry& registry,
                     graph::ApiWorkflow& workflow) {
  // Only what is a graph at all can be changed; the check of the graph says what is wrong.
  if (!workflow.graph.is_object()) return;

  const auto change = [&](const char* name, const auto& value) {
    if (value) graph::apply_shortcut(workflow.graph, name, *value, registry);
  };
  change("prompt", options.prompt);
  change("negative", options.negative);
  change("seed", options.seed);
  change("steps", options.steps);
  change("cfg", options.cfg);
  change("sampler", options.sampler);
  change("scheduler", options.scheduler);
  change("width", options.width);
  change("height", options.height);
  change("model", options.model);
  change("text-encoder", options.text_encoder);
  change("vae", options.vae);
  for (const std::string& setting : options.settings) {
    graph::apply_setting(workflow, setting, registry);
  }
}

}  // namespace zanime::cli
