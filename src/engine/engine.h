// The engine as a frontend sees it: a request or a graph goes in, pictures come out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/cancel.h"
#include "engine/generation_params.h"
#include "engine/input_pictures.h"
#include "engine/models_root.h"
#include "engine/plain_graph.h"
#include "engine/user_files.h"
#include "graph/executor.h"

namespace zanime::engine {

struct EngineOptions {
  std::filesystem::path models_root = {};  // empty: ModelsRoot::default_path()
  // ComfyUI's lists of further folders; empty: the one beside the models root, if there is one.
  std::vector<std::filesystem::path> extra_model_paths = {};
  std::filesystem::path input_dir = {};      // empty: UserFiles::default_input_folder()
  std::filesystem::path builtin_model = {};  // empty: builtin::folder()
  std::filesystem::path wildcards_dir = {};  // empty: Wildcards::default_folders()
  ops::BackendOptions backend = {};
  bool extra_nodes = false;
  bool aura_sampling = true;

  // ZANIME_INIT_COMFY_EXTRA_NODES=1 sets extra_nodes, ZANIME_DISABLE_AURA_SAMPLING=1 clears
  // aura_sampling.
  static EngineOptions from_environment();
};

// One picture that a SaveImage node was given, with what its file is to carry. In a graph without
// such a node, PreviewImage gives them, with the prefix `preview`.
struct EnginePicture {
  std::string node_id;
  std::string filename_prefix;
  int index = 0;  // in its batch
  int64_t width = 0, height = 0;
  Tensor pixels;           // [1, height, width, 3], values 0 to 1
  std::string graph;       // `prompt`: the graph in API form, as JSON text
  std::string parameters;  // `parameters`: readable text
};

// What a SaveLatent node was given.
struct EngineLatent {
  std::string node_id;
  std::string filename_prefix;
  Tensor samples;     // [batch, channels, height, width]
  std::string graph;  // the graph in API form, as JSON text
};

// What a node showed as text.
struct EngineText {
  std::string node_id;
  std::string text;
};

struct EngineHooks {
  nodes::ProgressCallback progress = {};
  nodes::PreviewCallback preview = {};  // costs something only when given
  // Called for each picture as soon as its SaveImage runs; what it throws ends the run.
  std::function<void(const EnginePicture&)> on_picture = {};
  std::function<void(const EngineLatent&)> on_latent = {};
  // Called for each file that a node writes itself, such as a model. Without it such a node is an
  // error.
  std::function<void(const nodes::FileToSave&)> on_file = {};
  // Whether the result holds the pixels as well. A long run of a graph gives many pictures.
  bool keep_pixels = true;
};

struct EngineResult {
  std::vector<EnginePicture> pictures;
  std::vector<EngineLatent> latents;
  std::vector<EngineText> texts;
  nlohmann::ordered_json graph;
  std::vector<std::string> warnings;  // about the graph
  graph::ExecutionReport report;
  double seconds = 0;
  GenerationParams params;  // generate: the request with its seed and files filled in
};

// A request that Engine::complete has checked and filled in.
class CompletedParams : public GenerationParams {
 private:
  friend class Engine;
  explicit CompletedParams(GenerationParams params) : GenerationParams(std::move(params)) {}
};

// Keeps loaded networks and conditionings between calls. One call at a time.
class Engine {
 public:
  // Loads nothing and changes nothing on disk. Throws Error(kUsage) for a models root or an input
  // folder that was asked for and is not a folder.
  explicit Engine(EngineOptions options);

  // Runs the request, with whatever nodes it takes. The pictures it names by their paths are input
  // pictures until the next request. One that is not complete is completed first.
  EngineResult generate(const CompletedParams& params, const CancelToken& cancel,
                        const EngineHooks& hooks = {});
  EngineResult generate(const GenerationParams& params, const CancelToken& cancel,
                        const EngineHooks& hooks = {});
  // The first run mirrors text encoders (see ModelsRoot). Runs any graph of known nodes, in API
  // form or the editor's. Texts of the editor's form that stand for several (nodes::choose_words)
  // follow the first seed in the graph.
  EngineResult run(const nlohmann::ordered_json& graph, const CancelToken& cancel,
                   const EngineHooks& hooks = {});

  // For a graph in API form that was the editor's: nodes::choose_words with draws that follow
  // `seed`.
  void choose_words(nlohmann::ordered_json& graph, uint64_t seed) const;
  // Puts one of those that it stands for (expand_prompt) in place of each text, in turn.
  void expand_texts(const std::vector<std::string*>& texts, uint64_t seed) const;

  // Checks the request (Error(kUsage)) and fills in what it leaves open: the seed (random), the
  // files (the official ones if present, else the only one in their folder) and the size. Without a
  // models root of the caller's choice, and with no diffusion model in the usual one, it is the
  // built-in model; builtin::is_used_by tells. The prompts are expanded, with a draw that depends
  // on wildcard_seed alone. With an init image the size follows from that, and `mask_channel` from
  // the mask; `hires_from` becomes "picture" where the autoencoder can encode one. Completed
  // parameters stay as they are.
  CompletedParams complete(GenerationParams params) const;

  // The graph that `generate` runs.
  nlohmann::ordered_json graph_for(const CompletedParams& params);
  // A graph that makes a picture larger, for `run`. `picture`: its path, or its name in the input
  // folder. `model`: a file of upscale_models/; empty: the only one there.
  nlohmann::ordered_json upscale_graph_for(const std::string& picture, std::string model);

  // What graphs may name.
  const UserFiles& files() const { return files_; }
  const ModelsRoot& models() const { return models_; }
  UserFiles& files() { return files_; }
  const graph::NodeRegistry& registry() const { return registry_; }
  // Made at the first use.
  const std::shared_ptr<ops::Backend>& backend();

 private:
  bool falls_back_to_builtin(const GenerationParams& params) const;
  void expand_prompts(GenerationParams& params) const;
  // The parts of complete() that look at pictures, adapters, and what the autoencoder can do.
  void complete_pictures(GenerationParams& params, int64_t max_pixels) const;
  void complete_adapters(GenerationParams& params) const;
  // The name of a file in that folder, with its extension where that was left out.
  void complete_name(const char* folder, std::string& name) const;
  void complete_encoding(GenerationParams& params) const;
  GraphPictures graph_pictures(const GenerationParams& params);
  graph::Executor& executor();
  EngineResult run(const nlohmann::ordered_json& graph, const graph::NodeRegistry& registry,
                   std::vector<std::string> warnings, const CancelToken& cancel,
                   const EngineHooks& hooks);

  EngineOptions options_;
  ModelsRoot models_;
  UserFiles files_;
  graph::NodeRegistry all_nodes_;
  graph::NodeRegistry registry_;  // those of them that graphs may use
  mutable InputPictures input_pictures_;
  std::shared_ptr<ops::Backend> backend_;
  std::unique_ptr<graph::Executor> executor_;  // made at the first run
};

}  // namespace zanime::engine
