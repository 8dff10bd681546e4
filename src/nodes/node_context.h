// What a running node may ask of the program around it. The engine implements these; tests bring
// their own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/cancel.h"
#include "nodes/value.h"
#include "ops/ops.h"

namespace zanime::nodes {

// The files that a graph may name.
class ModelFiles {
 public:
  virtual ~ModelFiles() = default;
  // Names that may stand in a graph, sorted, with '/' between subfolders. `folder` is ComfyUI's
  // word: "diffusion_models", "text_encoders", "vae", "checkpoints", "loras"; and of the folder
  // with the user's own files: "input" for its pictures, "input_latents" for its .latent files.
  virtual std::vector<std::string> list(const std::string& folder) const = 0;
  // Path of one of them. Throws Error(kFile) saying what is there and how to get the file.
  virtual std::filesystem::path find(const std::string& folder, const std::string& name) const = 0;
};

// A file that a node writes itself: a model, a picture of a kind of its own.
struct FileToSave {
  std::string node_id;
  std::string prefix;             // SaveImage's filename_prefix, as in PictureSink::save
  std::string extension;          // ".safetensors"
  int64_t width = 0, height = 0;  // of pictures, for words in % signs
  // Writes a file that is not there yet. False, and nothing is written, where one has appeared
  // meanwhile.
  std::function<bool(const std::filesystem::path&)> write;
};

// Where results go.
class PictureSink {
 public:
  virtual ~PictureSink() = default;
  // `prefix` is SaveImage's filename_prefix, already checked to stay inside the output folder; its
  // words in % signs are not filled in yet.
  // `graph` is the whole graph in API form, to be kept in the file.
  virtual void save(const std::string& node_id, const Image& image, const std::string& prefix,
                    const nlohmann::ordered_json& graph) = 0;
  // A picture to look at that need not be kept. Who shows none ignores it.
  virtual void preview(const std::string& /*node_id*/, const Image& /*image*/,
                       const nlohmann::ordered_json& /*graph*/) {}
  // A text to look at. Who shows none ignores it.
  virtual void show_text(const std::string& /*node_id*/, const std::string& /*text*/) {}
  // A latent to be kept, under a prefix as above. Who keeps none ignores it.
  virtual void save_latent(const std::string& /*node_id*/, const Latent& /*latent*/,
                           const std::string& /*prefix*/, const nlohmann::ordered_json& /*graph*/) {
  }
  // Throws Error(kUsage) where no files are kept.
  virtual void save_file(const FileToSave& file);
};

// One thing that happened while a graph ran.
struct ProgressEvent {
  enum class Kind { kNodeStarted, kNodeCached, kNodeFinished, kStep };
  Kind kind = Kind::kNodeStarted;
  std::string node_id;
  std::string class_type;
  std::string title;   // what a person calls the node: its title, or its class's display name
  double seconds = 0;  // of the node (kNodeFinished) or of the step (kStep)
  int step = 0;        // kStep: steps done, 1 to steps
  int steps = 0;
};
using ProgressCallback = std::function<void(const ProgressEvent&)>;

// What a sampler expects its pictures to be, seen roughly.
struct LatentPreview {
  std::string node_id;
  int step = 0;  // 1 to steps
  int steps = 0;
  // [batch, rows, columns, 3], values 0 to 1; of a size that preview_pixels() chooses.
  Tensor pixels;
};
// Called before the kStep event of the same step.
using PreviewCallback = std::function<void(const LatentPreview&)>;

struct NodeContext {
  ops::Backend& backend;
  const ModelFiles& files;
  PictureSink& pictures;
  const CancelToken& cancel;
  const nlohmann::ordered_json& graph;
  std::string node_id;
  // A sampler reports each finished step: (done, of).
  std::function<void(int, int)> report_step;
  // And what it expects the pictures to be: (done, of, preview_pixels() of it). Empty when nobody
  // looks; then nothing is to be computed.
  std::function<void(int, int, Tensor)> show_preview = {};
  // For that: the autoencoder that is going to decode what the node gives. Null where the graph has
  // none.
  const Vae* preview_vae = nullptr;
};

}  // namespace zanime::nodes
