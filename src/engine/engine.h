// The engine as a frontend sees it: a request or a graph goes in, pictures come out.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "engine/generation_params.h"
#include "engine/models_root.h"
#include "nodes/executor.h"

namespace zanime {

struct EngineOptions {
  std::filesystem::path models_root;  // empty: ModelsRoot::default_path()
  bool extra_nodes = false;           // ZANIME_INIT_COMFY_EXTRA_NODES=1
  bool aura_sampling = true;          // ZANIME_DISABLE_AURA_SAMPLING=1 makes it false
  // The environment's say on all of the above.
  static EngineOptions from_environment();
};

// One SaveImage's batch, before it is a file.
struct EnginePicture {
  std::string node_id;
  std::string filename_prefix;
  Tensor pixels;  // [1, height, width, 3], values 0 to 1
};

struct EngineResult {
  std::vector<EnginePicture> pictures;
  nlohmann::ordered_json graph;  // what the pictures carry as `prompt`
  nodes::ExecutionReport report;
  double seconds = 0;
  // Of generate only: the request with its seed and files filled in, and its readable text.
  GenerationParams params;
  std::string parameters;
};

// Keeps loaded networks and conditionings between calls. One call at a time.
class Engine {
 public:
  explicit Engine(EngineOptions options);
  ~Engine();

  // Checks the request (Error(kUsage)), completes it (seed, files), runs it.
  EngineResult generate(const GenerationParams& params, const CancelToken& cancel,
                        const nodes::ProgressCallback& progress = {});
  // Runs any graph of known nodes in API form.
  EngineResult run(const nlohmann::ordered_json& graph, const CancelToken& cancel,
                   const nodes::ProgressCallback& progress = {});

  // The request with what `generate` would fill in.
  GenerationParams complete(GenerationParams params) const;

  const ModelsRoot& models() const { return models_; }
  const nodes::NodeRegistry& registry() const { return registry_; }
  ops::Backend& backend();

 private:
  EngineOptions options_;
  ModelsRoot models_;
  nodes::NodeRegistry registry_;
  std::shared_ptr<ops::Backend> backend_;
  std::unique_ptr<nodes::Executor> executor_;
};

}  // namespace zanime
