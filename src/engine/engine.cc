#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/environment.h"
#include "base/error.h"
#include "base/files/folders.h"
#include "base/log.h"
#include "checkpoints/model_file.h"
#include "engine/builtin_model.h"
#include "engine/parameters_text.h"
#include "engine/plain_graph.h"
#include "engine/prompt_expansion.h"
#include "graph/read_graph.h"
#include "graph/workflow/queue_texts.h"
#include "graph/workflow/to_api.h"

namespace zanime::engine {
namespace {

bool saves_pictures(const graph::Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [](const graph::Node& node) { return node.type->saves_pictures; });
}

// Takes SaveImage's batches apart into pictures.
class Collector : public nodes::PictureSink {
 public:
  // `keep_previews`: where previews are all that the graph gives.
  Collector(EngineResult& result, const EngineHooks& hooks, bool keep_previews,
            ComputeRecord record)
      : result_(result), hooks_(hooks), keep_previews_(keep_previews), record_(std::move(record)) {}

  void save(const std::string& node_id, const nodes::Image& image, const std::string& prefix,
            const nlohmann::ordered_json& graph) override {
    const std::string graph_text = graph.dump();
    const std::string parameters =
        parameters_text(graph, node_id, image.pixels.dim(2), image.pixels.dim(1), record_);
    for (int64_t i = 0; i < image.pixels.dim(0); ++i) {
      EnginePicture picture;
      picture.node_id = node_id;
      picture.filename_prefix = prefix;
      picture.index = static_cast<int>(i);
      picture.width = image.pixels.dim(2);
      picture.height = image.pixels.dim(1);
      picture.pixels = image.pixels.rows(i, 1);
      picture.graph = graph_text;
      picture.parameters = parameters;
      if (hooks_.on_picture) hooks_.on_picture(picture);
      if (!hooks_.keep_pixels) picture.pixels = {};
      result_.pictures.push_back(std::move(picture));
    }
  }

  void preview(const std::string& node_id, const nodes::Image& image,
               const nlohmann::ordered_json& graph) override {
    if (keep_previews_) save(node_id, image, "preview", graph);
  }

  void show_text(const std::string& node_id, const std::string& text) override {
    result_.texts.push_back({node_id, text});
  }

  void save_latent(const std::string& node_id, const nodes::Latent& latent,
                   const std::string& prefix, const nlohmann::ordered_json& graph) override {
    result_.latents.push_back({node_id, prefix, latent.samples, graph.dump()});
    if (hooks_.on_latent) hooks_.on_latent(result_.latents.back());
  }

  void save_file(const nodes::FileToSave& file) override {
    if (!hooks_.on_file) return PictureSink::save_file(file);
    hooks_.on_file(file);
  }

 private:
  EngineResult& result_;
  const EngineHooks& hooks_;
  bool keep_previews_;
  ComputeRecord record_;
};

std::filesystem::path checked_root(const std::filesystem::path& asked) {
  if (asked.empty()) return ModelsRoot::default_path();
  files::require_folder(asked, "the models root");
  return asked;
}

std::vector<ExtraFolder> extra_folders(const EngineOptions& options) {
  std::vector<std::filesystem::path> files = options.extra_model_paths;
  if (files.empty()) {
    const std::filesystem::path root =
        options.models_root.empty() ? ModelsRoot::default_path() : options.models_root;
    if (std::filesystem::path beside = default_extra_model_paths(root); !beside.empty()) {
      files.push_back(std::move(beside));
    }
  }
  std::vector<ExtraFolder> folders;
  for (const std::filesystem::path& file : files) {
    for (ExtraFolder& folder : read_extra_model_paths(file)) folders.push_back(std::move(folder));
  }
  return folders;
}

std::filesystem::path checked_input_folder(const std::filesystem::path& asked,
                                           const std::filesystem::path& models_root) {
  if (asked.empty()) return UserFiles::default_input_folder(models_root);
  files::require_folder(asked, "the input folder");
  return asked;
}

std::vector<std::filesystem::path> wildcard_folders(const std::filesystem::path& asked,
                                                    const std::filesystem::path& models_root) {
  if (asked.empty()) return Wildcards::default_folders(models_root);
  files::require_folder(asked, "the wildcards folder");
  return {asked};
}

// A larger picture to start from is scaled down where no size is asked for: people pass photographs
// of any size. What a second pass makes of a portrait is left as it is.
constexpr int64_t kMaxOwnPixels = 1536 * 1536;

// Whether two shapes are the same but for rounding to whole pixels.
bool have_one_shape(const InputPictures::Facts& a, const InputPictures::Facts& b) {
  return std::abs(a.width * b.height - b.width * a.height) <=
         std::max(std::max(a.width, a.height), std::max(b.width, b.height));
}

std::string size_text(const InputPictures::Facts& picture) {
  return std::to_string(picture.width) + " x " + std::to_string(picture.height);
}

bool has_encoder(const std::filesystem::path& vae) {
  const auto file = checkpoints::open_model_file(vae);
  return std::any_of(file->tensors().begin(), file->tensors().end(), [](const auto& tensor) {
    return tensor.first.ends_with("encoder.conv_in.weight");
  });
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
              options_.builtin_model.empty() ? builtin::folder() : options_.builtin_model,
              extra_folders(options_)),
      files_(models_, checked_input_folder(options_.input_dir, models_.path())),
      all_nodes_(graph::NodeRegistry::standard(/*with_extra_nodes=*/true)),
      registry_(all_nodes_.seen(options_.extra_nodes)) {}

const std::shared_ptr<ops::Backend>& Engine::backend() {
  if (!backend_) backend_ = ops::make_backend(options_.backend);
  return backend_;
}

graph::Executor& Engine::executor() {
  if (executor_) return *executor_;
  for (const auto& path : models_.mirror_text_encoders()) {
    log_info("mirrored the text encoder to " + path.string());
  }
  executor_ = std::make_unique<graph::Executor>(backend(), files_);
  return *executor_;
}

bool Engine::falls_back_to_builtin(const GenerationParams& params) const {
  return options_.models_root.empty() && params.model.empty() && params.text_encoder.empty() &&
         params.vae.empty() && !models_.has_any("diffusion_models") &&
         !models_.builtin_folder().empty();
}

CompletedParams Engine::complete(GenerationParams params) const {
  validate(params);
  if (!params.seed) params.seed = random_seed();
  expand_prompts(params);
  if (falls_back_to_builtin(params)) params.model = builtin::kDiffusionModel;
  const bool builtin = builtin::is_used_by(params);
  if (builtin) {  // its three networks fit one another only
    if (params.text_encoder.empty()) params.text_encoder = builtin::kTextEncoder;
    if (params.vae.empty()) params.vae = builtin::kAutoencoder;
  }
  complete_pictures(params, builtin ? builtin::kSide * builtin::kSide : kMaxOwnPixels);
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
  complete_adapters(params);
  if (!params.control.empty()) complete_name("model_patches", params.control);
  if (!params.upscale.empty()) complete_name("upscale_models", params.upscale);
  complete_encoding(params);
  validate(params);  // what wildcards and pictures brought in
  return CompletedParams(std::move(params));
}

void Engine::expand_prompts(GenerationParams& params) const {
  if (!params.wildcard_seed) params.wildcard_seed = params.seed;
  if (!params.expand) return;
  params.expand = false;
  expand_texts({&params.prompt, &params.negative_prompt}, *params.wildcard_seed);
}

void Engine::expand_texts(const std::vector<std::string*>& texts, uint64_t seed) const {
  Wildcards wildcards(wildcard_folders(options_.wildcards_dir, models_.path()));
  Dice dice(seed);
  for (std::string* text : texts) *text = expand_prompt(*text, dice, wildcards);
}

void Engine::complete_pictures(GenerationParams& params, int64_t max_pixels) const {
  const auto facts_of = [this](const std::string& name, const char* what) {
    return input_pictures_.facts(files_.locate_picture(name, what));
  };
  if (!params.control_image.empty()) {
    const InputPictures::Facts control = facts_of(params.control_image, "the control image");
    if (params.init_image.empty()) take_size(params, control.width, control.height, max_pixels);
  }
  if (params.init_image.empty()) return;
  const InputPictures::Facts picture = facts_of(params.init_image, "the init image");
  take_size(params, picture.width, picture.height, max_pixels);
  if (params.mask.empty()) return;
  const InputPictures::Facts mask = facts_of(params.mask, "the mask");
  if (!have_one_shape(picture, mask)) {
    throw Error(ErrorKind::kUsage, "the mask has " + size_text(mask) +
                                       " pixels and the init image " + size_text(picture) +
                                       "; make a mask that lies over the whole picture");
  }
  if (params.mask_channel.empty()) params.mask_channel = mask.has_alpha ? "alpha" : "red";
}

void Engine::complete_adapters(GenerationParams& params) const {
  for (LoraChoice& lora : params.loras) complete_name("loras", lora.name);
}

void Engine::complete_name(const char* folder, std::string& name) const {
  const std::vector<std::string> names = models_.list(folder);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    const auto longer = std::find_if(names.begin(), names.end(), [&](const std::string& other) {
      return std::filesystem::path(other).replace_extension().generic_string() == name;
    });
    // Also where there is none: names with the extension are near one another, without it not.
    if (longer != names.end()) {
      name = *longer;
    } else if (!std::filesystem::path(name).has_extension()) {
      name += ".safetensors";
    }
  }
  models_.find(folder, name);
}

void Engine::complete_encoding(GenerationParams& params) const {
  const bool enlarges = params.hires > 1.0 && params.hires_from != "latent";
  const bool controls = !params.control.empty();
  if (params.init_image.empty() && !enlarges && !controls) return;
  const std::filesystem::path vae = models_.find("vae", params.vae);
  const bool encodes = has_encoder(vae);
  if (params.hires > 1.0 && params.hires_from.empty()) {
    params.hires_from = encodes ? "picture" : "latent";
  }
  const bool from_latent = params.init_image.empty() && !controls && params.hires_from == "latent";
  if (encodes || from_latent) return;
  throw Error(ErrorKind::kFile,
              vae.string() + ": this autoencoder has a decoder alone, and a picture is to be " +
                  "encoded; choose a complete file with --vae NAME (ae.safetensors)" +
                  (enlarges && params.init_image.empty() && !controls
                       ? ", or take the latent: --hires-from latent"
                       : ""));
}

GraphPictures Engine::graph_pictures(const GenerationParams& params) {
  GraphPictures pictures;
  files_.forget_pictures();  // the graph is to be the same whatever was asked for before
  if (!params.control_image.empty()) {
    pictures.control =
        files_.add_picture(files_.locate_picture(params.control_image, "the control image"));
  }
  if (params.init_image.empty()) return pictures;
  const auto path = files_.locate_picture(params.init_image, "the init image");
  const InputPictures::Facts& facts = input_pictures_.facts(path);
  pictures.init_image = files_.add_picture(path);
  pictures.scale = facts.width != params.width || facts.height != params.height;
  if (!params.mask.empty()) {
    pictures.mask = files_.add_picture(files_.locate_picture(params.mask, "the mask"));
  }
  return pictures;
}

nlohmann::ordered_json Engine::graph_for(const CompletedParams& params) {
  return plain_graph(params, options_.aura_sampling, "zanime", graph_pictures(params));
}

nlohmann::ordered_json Engine::upscale_graph_for(const std::string& picture, std::string model) {
  if (model.empty()) {
    model = models_.choose("upscale_models");
  } else {
    complete_name("upscale_models", model);
  }
  files_.forget_pictures();
  return upscale_graph(files_.add_picture(files_.locate_picture(picture, "the picture")), model);
}

EngineResult Engine::generate(const CompletedParams& params, const CancelToken& cancel,
                              const EngineHooks& hooks) {
  EngineResult result = run(graph_for(params), all_nodes_, {}, cancel, hooks);
  result.params = params;
  return result;
}

EngineResult Engine::generate(const GenerationParams& params, const CancelToken& cancel,
                              const EngineHooks& hooks) {
  return generate(complete(params), cancel, hooks);
}

EngineResult Engine::run(const nlohmann::ordered_json& graph, const CancelToken& cancel,
                         const EngineHooks& hooks) {
  std::vector<std::string> warnings;
  graph::ApiWorkflow workflow = graph::to_api(graph, registry_, &warnings);
  if (workflow.is_from_editor) {
    choose_words(workflow.graph, graph::first_seed(workflow.graph).value_or(random_seed()));
  }
  return run(workflow.graph, registry_, std::move(warnings), cancel, hooks);
}

void Engine::choose_words(nlohmann::ordered_json& graph, uint64_t seed) const {
  Dice dice(seed);
  graph::choose_words(graph, registry_, [&] { return dice.draw(); });
}

EngineResult Engine::run(const nlohmann::ordered_json& graph, const graph::NodeRegistry& registry,
                         std::vector<std::string> warnings, const CancelToken& cancel,
                         const EngineHooks& hooks) {
  const auto start = std::chrono::steady_clock::now();
  EngineResult result;
  result.warnings = std::move(warnings);
  graph::Graph checked = graph::read_graph(graph, registry, files_, &result.warnings);
  for (const std::string& warning : result.warnings) log_warning(warning);

  Collector pictures(
      result, hooks, !saves_pictures(checked),
      {.compute = backend()->compute_name(), .instructions = backend()->instructions()});
  result.report = executor().run(checked, {pictures, cancel, hooks.progress, hooks.preview});
  result.graph = std::move(checked.json);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace zanime::engine
