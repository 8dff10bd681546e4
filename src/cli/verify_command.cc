// `zanime verify`: draws a picture again, as it says that it was made, and compares.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/models_root_option.h"
#include "cli/progress_view.h"
#include "cli/terminal.h"
#include "engine/compare_pictures.h"
#include "engine/engine.h"
#include "engine/parameters_text.h"
#include "graph/json_text.h"
#include "ops/cpu/cpu_level.h"
#include "pictures/picture_file.h"
#include "pictures/picture_info.h"
#include "pictures/picture_reader.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

struct VerifyOptions {
  std::string picture, models_root, input_dir;
};

// The picture in the file.
struct Kept {
  std::string bytes;            // of the file
  std::vector<uint8_t> pixels;  // 8 bits, 3 or with transparency 4 of them a pixel
  int64_t width = 0, height = 0;
  bool loses = false;  // a JPEG, or a WebP that is not the drawn picture to the bit
};

uint8_t byte_of(float value) {
  return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0f, 1.0f) * 255.0f));
}

Kept read_kept(const std::filesystem::path& path) {
  Kept kept;
  const pictures::ReadPicture read = pictures::read_picture(path);
  kept.height = read.pixels.dim(1);
  kept.width = read.pixels.dim(2);
  for (int64_t i = 0; i < kept.height * kept.width; ++i) {
    for (int64_t c = 0; c < 3; ++c) kept.pixels.push_back(byte_of(read.pixels.data()[i * 3 + c]));
    if (read.alpha) kept.pixels.push_back(byte_of(read.alpha->data()[i]));
  }
  std::ifstream file(path, std::ios::binary);
  kept.bytes.assign(std::istreambuf_iterator<char>(file), {});
  kept.loses = !kept.bytes.starts_with("\x89PNG");
  return kept;
}

// What came nearest of all that was drawn.
struct Nearest {
  bool drawn = false;      // anything at all
  bool same_size = false;  // something of the picture's size
  bool same_bytes = false;
  std::string node_id;
  engine::PictureDistance distance = {};

  void see(const engine::EnginePicture& picture, const Kept& kept) {
    drawn = true;
    const std::vector<uint8_t> pixels = pictures::picture_bytes(picture.pixels);
    if (picture.width != kept.width || picture.height != kept.height ||
        pixels.size() != kept.pixels.size()) {
      return;
    }
    const engine::PictureDistance here = engine::distance_of(pixels, kept.pixels);
    const bool equal = here.largest == 0 && has_bytes_of(picture, kept);
    if (same_size && !equal && here.psnr <= distance.psnr) return;
    if (same_bytes) return;
    same_size = true;
    same_bytes = equal;
    node_id = picture.node_id;
    distance = here;
  }

 private:
  static bool has_bytes_of(const engine::EnginePicture& picture, const Kept& kept) {
    const std::vector<std::byte> bytes =
        pictures::encode_png(picture.pixels, {picture.graph, picture.parameters});
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()) ==
           kept.bytes;
  }
};

// Sets the backend as the picture says, where this machine can. What it cannot is told.
void follow_record(const engine::ComputeRecord& record, ops::BackendOptions& backend,
                   std::vector<std::string>& reasons) {
  if (record.compute.empty()) {
    reasons.push_back("the picture does not say in what its numbers were computed");
  } else if (backend.compute == ops::Compute::kAuto) {
    backend.compute = ops::parse_compute(record.compute);
  }
  if (record.instructions.empty()) {
    reasons.push_back("the picture does not say with which instructions it was computed");
    return;
  }
  const std::vector<std::string> levels = ops::cpu_levels();
  const bool is_level =
      std::find(levels.begin(), levels.end(), record.instructions) != levels.end();
  if (!is_level || backend.device.starts_with("cuda")) return;
  // It was a processor that drew it.
  backend.device = "cpu";
  backend.level = record.instructions;
}

// Why the picture may differ, beside what follow_record found.
void compare_records(const engine::ComputeRecord& record, const ops::Backend& backend,
                     std::vector<std::string>& reasons) {
  if (!record.compute.empty() && record.compute != backend.compute_name()) {
    reasons.push_back("it was computed in " + record.compute + ", and now in " +
                      backend.compute_name());
  }
  std::string instructions = backend.instructions();
  std::replace(instructions.begin(), instructions.end(), ',', ';');
  if (!record.instructions.empty() && record.instructions != instructions) {
    reasons.push_back("it was computed with " + record.instructions + ", and now with " +
                      instructions);
  }
  const std::string version = std::string("zanime ") + zanime::version();
  if (!record.version.empty() && record.version != version) {
    reasons.push_back("it was made by " + record.version + ", and now by " + version);
  }
}

std::string psnr_text(double psnr) {
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << psnr << " dB";
  return text.str();
}

void print_result(const std::string& result, const Nearest& nearest,
                  const std::vector<std::string>& reasons, const VerifyOptions& options,
                  const ops::Backend& backend, const GlobalOptions& globals) {
  if (globals.json) {
    ordered_json report = {{"result", result}, {"picture", options.picture}};
    if (nearest.same_size) {
      report["node"] = nearest.node_id;
      if (std::isfinite(nearest.distance.psnr)) report["psnr"] = nearest.distance.psnr;
      report["largest_difference"] = nearest.distance.largest;
    }
    report["compute"] = backend.compute_name();
    report["instructions"] = backend.instructions();
    report["reasons"] = reasons;
    std::cout << json_text(report) << '\n';
    return;
  }
  const std::string name = printable(options.picture);
  if (result == "bytes") {
    std::cout << name << ": the same bytes\n";
    return;
  }
  if (result == "pixels") {
    std::cout << name << ": the same pixels; the file's other bytes differ\n";
  } else if (!nearest.same_size) {
    std::cout << name << ": another picture; the graph draws "
              << (nearest.drawn ? "none of its size" : "none") << '\n';
  } else {
    std::cout << name << ": another picture, " << psnr_text(nearest.distance.psnr)
              << ", largest difference " << nearest.distance.largest << " of 255\n";
  }
  for (const std::string& reason : reasons) std::cout << "  " << printable(reason) << '\n';
}

void verify(const VerifyOptions& options, const GlobalOptions& globals, const CancelToken& cancel) {
  const std::filesystem::path path(options.picture);
  const pictures::PictureInfo info = pictures::read_picture_info(path);
  const auto prompt = info.texts.find("prompt");
  if (prompt == info.texts.end()) {
    throw Error(ErrorKind::kFile,
                options.picture + " carries no graph that could be drawn again (`prompt`)");
  }
  const auto graph =
      graph::parse_graph_json(prompt->second, "`prompt` of the picture " + options.picture);
  const auto parameters = info.texts.find("parameters");
  const engine::ComputeRecord record =
      engine::read_compute_record(parameters == info.texts.end() ? "" : parameters->second);
  const Kept kept = read_kept(path);

  std::vector<std::string> reasons;
  if (kept.loses) reasons.push_back("the file is no PNG: its format may have changed the pixels");
  engine::EngineOptions engine_options = engine_options_for(globals);
  engine_options.models_root = options.models_root;
  engine_options.input_dir = options.input_dir;
  engine_options.extra_nodes = true;
  follow_record(record, engine_options.backend, reasons);
  engine::Engine engine(engine_options);
  engine.files().also_search(path.parent_path());

  Nearest nearest;
  {
    ProgressView view(globals);
    engine::EngineHooks hooks;
    hooks.keep_pixels = false;
    hooks.progress = [&](const nodes::ProgressEvent& event) { view.show(event); };
    hooks.on_picture = [&](const engine::EnginePicture& picture) { nearest.see(picture, kept); };
    engine.run(graph, cancel, hooks);
  }
  compare_records(record, *engine.backend(), reasons);
  const bool is_same = nearest.same_size && nearest.distance.largest == 0;
  const std::string result = nearest.same_bytes ? "bytes" : is_same ? "pixels" : "different";
  if (result == "different" && reasons.empty()) {
    reasons.push_back(
        "nothing that the picture records differs: a model, an adapter or a picture that the graph "
        "names is another one, or the picture was changed");
  }
  print_result(result, nearest, reasons, options, *engine.backend(), globals);
  if (result == "different") throw DifferentPicture{};
}

}  // namespace

void add_verify_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command = app.add_subcommand(
      "verify", "Draw a picture again, as it says that it was made, and compare");
  const auto options = std::make_shared<VerifyOptions>();
  command->add_option("picture", options->picture, "Picture that carries its graph")->required();
  add_models_root_option(*command, options->models_root);
  command->add_option("--input-dir", options->input_dir,
                      "Folder with the pictures that the graph loads");
  command->callback([options, &globals, &cancel] { verify(*options, globals, cancel); });
}

}  // namespace zanime::cli
