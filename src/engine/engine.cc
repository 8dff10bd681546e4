#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "engine/builtin_model.h"
#include "engine/parameters_text.h"
#include "engine/plain_graph.h"

namespace zanime {
namespace {

bool is_switched_on(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return false;
  const std::string_view text = value;
  return !text.empty() && text != "0" && text != "false" && text != "no";
}

bool saves_pictures(const nodes::Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const nodes::Node& node) {
    return node.class_type.starts_with("SaveImage");
  });
}

// Takes SaveImage's batches apart into pictures.
class Collector : public nodes::PictureSink {
 public:
  // `keep_previews`: where previews are all that the graph gives.
  Collector(EngineResult& result, const EngineHooks& hooks, bool keep_previews)
      : result_(result), hooks_(hooks), keep_previews_(keep_previews) {}

  void save(const std::string& node_id, const nodes::Image& image, const std::string& prefix,
            const nlohmann::ordered_json& graph) override {
    const std::string graph_text = graph.dump();
    const std::string parameters = parameters_text(graph, node_id);
    for (int64_t i = 0; i < image.pixels.dim(0); ++i) {
      EnginePicture picture;
      picture.node_id = node_id;
      picture.filename_prefix = prefix;
      picture.index = static_cast<int>(i);
      picture.pixels = image.pixels.rows(i, 1);
      picture.graph = graph_text;
      picture.parameters = parameters;
      if (hooks_.on_picture) hooks_.on_picture(picture);
      result_.pictures.push_back(std::move(picture));
    }
  }

  void preview(const std::string& node_id, const nodes::Image& image,
               const nlohmann::ordered_json& graph) override {
    if (keep_previews_) save(node_id, image, "preview", graph);
  }

  void save_latent(const std::string& node_id, const nodes::Latent& latent,
                   const std::string& prefix, const nlohmann::ordered_json& graph) override {
    result_.latents.push_back({node_id, prefix, latent.samples, graph.dump()});
    if (hooks_.on_latent) hooks_.on_latent(result_.latents.back());
  }

 private:
  EngineResult& result_;
  const EngineHooks& hooks_;
  bool keep_previews_;
};

std::filesystem::path checked_root(const std::filesystem::path& asked) {
  if (asked.empty()) return ModelsRoot::default_path();
  std::error_code error;
  if (!std::filesystem::is_directory(asked, error)) {
    throw Error(ErrorKind::kUsage, "the models root " + asked.string() + " is not a folder");
  }
  return asked;
}

std::filesystem::path checked_input_folder(const std::filesystem::path& asked,
                                           const std::filesystem::path& models_root) {
  if (asked.empty()) return UserFiles::default_input_folder(models_root);
  std::error_code error;
  if (!std::filesystem::is_directory(asked, error)) {
    throw Error(ErrorKind::kUsage, "the input folder " + asked.string() + " is not a folder");
  }
  return asked;
}

}  // namespace

EngineOptions EngineOptions::from_environment() {
  EngineOptions options;
  options.extra_nodes = is_switched_on("ZANIME_INIT_COMFY_EXTRA_NODES");
  options.aura_sampling = !is_switched_on("ZANIME_DISABLE_AURA_SAMPLING");
  return options;
}

Engine::Engine(EngineOptions options)
    : options_(std::move(options)),
      models_(checked_root(options_.models_root),
              options_.builtin_model.empty() ? builtin::folder() : options_.builtin_model),
      files_(models_, checked_input_folder(options_.input_dir, models_.path())),
      registry_(nodes::NodeRegistry::standard(options_.extra_nodes)) {
  for (const auto& path : models_.mirror_text_encoders()) {
    log_info("mirrored the text encoder to " + path.string());
  }
}

const std::shared_ptr<ops::Backend>& Engine::backend() {
  if (!backend_) backend_ = ops::make_cpu_backend();
  return backend_;
}

bool Engine::falls_back_to_builtin(const GenerationParams& params) const {
  return options_.models_root.empty() && params.model.empty() && params.text_encoder.empty() &&
         params.vae.empty() && !models_.has_any("diffusion_models") &&
         !models_.builtin_folder().empty();
}

GenerationParams Engine::complete(GenerationParams params) const {
  validate(params);
  if (!params.seed) params.seed = random_seed();
  if (falls_back_to_builtin(params)) params.model = builtin::kDiffusionModel;
  const bool builtin = builtin::is_used_by(params);
  if (builtin) {  // its three networks fit one another only
    if (params.text_encoder.empty()) params.text_encoder = builtin::kTextEncoder;
    if (params.vae.empty()) params.vae = builtin::kAutoencoder;
  }
  if (!params.width) params.width = builtin ? builtin::kSide : kDefaultWidth;
  if (!params.height) params.height = builtin ? builtin::kSide : kDefaultHeight;
  const auto fill = [this](std::string& name, const char* folder) {
    if (name.empty()) {
      name = models_.choose(folder);
    } else {
      models_.find(folder, name);
    }
  };
  fill(params.model, "diffusion_models");
  fill(params.text_encoder, "text_encoders");
  fill(params.vae, "vae");
  return params;
}

EngineResult Engine::generate(const GenerationParams& params, const CancelToken& cancel,
                              const EngineHooks& hooks) {
  GenerationParams completed = complete(params);
  EngineResult result = run(plain_graph(completed, options_.aura_sampling), cancel, hooks);
  result.params = std::move(completed);
  return result;
}

EngineResult Engine::run(const nlohmann::ordered_json& graph, const CancelToken& cancel,
                         const EngineHooks& hooks) {
  const auto start = std::chrono::steady_clock::now();
  EngineResult result;
  nodes::Graph checked = nodes::read_graph(graph, registry_, files_, &result.warnings);
  for (const std::string& warning : result.warnings) log_warning(warning);
  if (!executor_) executor_ = std::make_unique<nodes::Executor>(backend(), files_);

  Collector pictures(result, hooks, !saves_pictures(checked));
  result.report = executor_->run(checked, {pictures, cancel, hooks.progress});
  result.graph = std::move(checked.json);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace zanime
