#include "checkpoints/inspect.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text/near_matches.h"
#include "base/text/quote.h"
#include "checkpoints/architectures.h"
#include "checkpoints/canonical.h"
#include "checkpoints/family.h"
#include "checkpoints/model_file.h"
#include "weights/quantization.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

// Larger tensors are not searched for NaN: that would read the whole file from the disk.
constexpr int64_t kScannedValues = 1'000'000;
// Names listed before "and N more".

using Weights = std::map<std::string, weights::Weight>;

// Extent of a weight; 0 when it is missing or has fewer axes.
int64_t extent(const Weights& weights, const std::string& name, int axis) {
  const auto found = weights.find(name);
  return found != weights.end() && found->second.shape().rank() > axis ? found->second.shape()[axis]
                                                                       : 0;
}

int64_t count_layers(const Weights& weights, std::string_view prefix) {
  int64_t last = -1;
  for (const auto& [name, weight] : weights) last = std::max(last, index_after(name, prefix));
  return last + 1;
}

// What the widths say the network should be; nullopt when they contradict one another.
template <typename Spec>
std::optional<std::vector<NamedShape>> expected(std::vector<NamedShape> (*list)(const Spec&),
                                                const Spec& spec) {
  try {
    return list(spec);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::vector<NamedShape>> read_dit(const Weights& weights, NetworkReport& report) {
  DitSpec spec;
  spec.dim = extent(weights, "x_embedder.weight", 0);
  spec.layers = count_layers(weights, "layers.");
  spec.noise_refiners = count_layers(weights, "noise_refiner.");
  spec.context_refiners = count_layers(weights, "context_refiner.");
  spec.head_dim = extent(weights, "layers.0.attention.q_norm.weight", 0);
  spec.caption_dim = extent(weights, "cap_embedder.1.weight", 1);
  spec.ffn = extent(weights, "layers.0.feed_forward.w1.weight", 0);
  spec.pad_tokens = weights.contains("x_pad_token");
  report.widths = {{"dim", spec.dim},
                   {"layers", spec.layers},
                   {"noise refiners", spec.noise_refiners},
                   {"context refiners", spec.context_refiners},
                   {"heads", spec.head_dim > 0 ? spec.dim / spec.head_dim : 0},
                   {"head dim", spec.head_dim},
                   {"feed-forward", spec.ffn},
                   {"caption width", spec.caption_dim}};
  return expected(dit_tensors, spec);
}

std::optional<std::vector<NamedShape>> read_qwen3(const Weights& weights, NetworkReport& report) {
  Qwen3Spec spec;
  const std::string attention = "layers.0.self_attn.";
  spec.vocabulary = extent(weights, "embed_tokens.weight", 0);
  spec.hidden = extent(weights, "embed_tokens.weight", 1);
  spec.layers = count_layers(weights, "layers.");
  spec.head_dim = extent(weights, attention + "q_norm.weight", 0);
  spec.ffn = extent(weights, "layers.0.mlp.gate_proj.weight", 0);
  if (spec.head_dim > 0) {
    spec.heads = extent(weights, attention + "q_proj.weight", 0) / spec.head_dim;
    spec.kv_heads = extent(weights, attention + "k_proj.weight", 0) / spec.head_dim;
  }
  report.widths = {{"hidden", spec.hidden},        {"layers", spec.layers},
                   {"heads", spec.heads},          {"key/value heads", spec.kv_heads},
                   {"head dim", spec.head_dim},    {"feed-forward", spec.ffn},
                   {"vocabulary", spec.vocabulary}};
  if (spec.kv_heads == 0) return std::nullopt;
  return expected(qwen3_tensors, spec);
}

std::optional<std::vector<NamedShape>> read_autoencoder(const Weights& weights,
                                                        NetworkReport& report) {
  AutoencoderSpec spec;
  spec.channels = extent(weights, "decoder.conv_out.weight", 1);
  spec.encoder = weights.contains("encoder.conv_in.weight");
  report.widths = {{"channels", spec.channels},
                   {"latent channels", extent(weights, "decoder.conv_in.weight", 1)}};
  return expected(autoencoder_tensors, spec);
}

void find_contradictions(const Weights& weights, const std::vector<NamedShape>& expected_tensors,
                         const NetworkReport& report, std::vector<std::string>& oddities) {
  std::vector<std::string> missing, unused;
  std::set<std::string> known;
  for (const NamedShape& tensor : expected_tensors) {
    known.insert(tensor.name);
    const auto found = weights.find(tensor.name);
    if (found == weights.end()) {
      missing.push_back(tensor.name);
    } else if (found->second.shape().size() != tensor.shape.size()) {
      oddities.push_back(report.name + ": tensor " + text::quote(tensor.name) + " has the shape " +
                         found->second.shape().to_string() + ", the widths suggest " +
                         tensor.shape.to_string());
    }
  }
  for (const auto& [name, weight] : weights) {
    if (!known.contains(name)) unused.push_back(name);
  }
  if (!missing.empty()) {
    oddities.push_back(report.name + ": " + std::to_string(missing.size()) +
                       " tensors are missing: " + text::list_some(missing));
  }
  if (!unused.empty()) {
    oddities.push_back(report.name + ": " + std::to_string(unused.size()) +
                       " tensors are not used: " + text::list_some(unused));
  }
}

void find_bad_values(const Weights& weights, const NetworkReport& report,
                     std::vector<std::string>& oddities) {
  std::vector<std::string> bad;
  for (const auto& [name, weight] : weights) {
    if (weight.shape().size() <= kScannedValues && !all_finite(weights::to_float32(weight))) {
      bad.push_back(name);
    }
  }
  if (!bad.empty()) {
    oddities.push_back(report.name + ": values that are not finite in " + text::list_some(bad));
  }
}

void find_mixed_types(const Weights& weights, const NetworkReport& report,
                      std::vector<std::string>& oddities) {
  std::map<DType, int64_t> matrices;
  for (const auto& [name, weight] : weights) {
    if (weight.shape().rank() < 2) continue;
    for (const weights::WeightPart& part : weight.parts()) ++matrices[part.dtype];
  }
  // GGUF files keep some matrices in more bits by design.
  const bool blocks = std::any_of(matrices.begin(), matrices.end(),
                                  [](const auto& type) { return dtype_block(type.first) > 1; });
  if (matrices.size() < 2 || blocks) return;
  std::string text = report.name + ": its matrices have several types:";
  for (const auto& [dtype, count] : matrices) {
    text += " " + std::to_string(count) + " " + std::string(dtype_name(dtype));
  }
  oddities.push_back(text);
}

NetworkReport inspect_network(const std::shared_ptr<const weights::WeightFile>& file,
                              const ModelComponent& component, std::vector<std::string>& oddities) {
  NetworkReport report;
  report.family = component.family;
  report.name = family_name(component.family);
  report.layout = component.diffusers ? "Diffusers" : "canonical";
  report.prefix = component.prefix;

  std::optional<ModelWeights> model;
  try {
    model.emplace(load_component(file, component));
  } catch (const Error& error) {
    // The place is known to whoever reads the report.
    const std::string place = file->path().string() + ": ";
    std::string message = error.what();
    if (message.starts_with(place)) message.erase(0, place.size());
    oddities.push_back("cannot be loaded: " + message);
    return report;
  }
  const Weights& weights = model->all();
  for (const auto& [name, weight] : weights) {
    report.parameters += weight.shape().size();
    for (const weights::WeightPart& part : weight.parts()) {
      ++report.tensors;
      TypeTotal& total = report.types[part.dtype];
      ++total.tensors;
      total.bytes += dtype_bytes(part.dtype, part.rows * weight.columns());
      report.scaled = report.scaled || part.row_scales != nullptr || part.scale != 1.0f;
    }
  }

  std::optional<std::vector<NamedShape>> tensors;
  switch (component.family) {
    case ModelFamily::kZImage:
      tensors = read_dit(weights, report);
      if (!weights.contains("x_pad_token")) {
        oddities.push_back(report.name + ": has no pad tokens, so sequences are not padded");
      }
      break;
    case ModelFamily::kQwen3:
      tensors = read_qwen3(weights, report);
      break;
    case ModelFamily::kFluxAutoencoder:
      tensors = read_autoencoder(weights, report);
      if (!weights.contains("encoder.conv_in.weight")) {
        oddities.push_back(report.name + ": has no encoder, so pictures cannot be its input");
      }
      break;
  }
  if (tensors) {
    find_contradictions(weights, *tensors, report, oddities);
  } else {
    oddities.push_back(report.name + ": its widths contradict one another");
  }
  find_mixed_types(weights, report, oddities);
  find_bad_values(weights, report, oddities);
  return report;
}

std::string types_text(const std::map<DType, TypeTotal>& types) {
  std::string text;
  for (const auto& [dtype, total] : types) {
    text += (text.empty() ? "" : ", ") + std::string(dtype_name(dtype)) + ": " +
            std::to_string(total.tensors) + " tensors, " +
            text::byte_count(static_cast<uint64_t>(total.bytes));
  }
  return text;
}

std::string count_text(int64_t value) {
  std::string digits = std::to_string(value);
  for (size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, ",");
  return digits;
}

}  // namespace

ModelReport inspect_model(const std::filesystem::path& path) {
  const std::shared_ptr<const weights::WeightFile> file = open_model_file(path);
  const FileContents contents = identify(*file);
  ModelReport report;
  report.path = path;
  report.file_size = file->file_size();
  report.description = contents.description;
  report.metadata = file->metadata();
  for (const auto& [name, entry] : file->tensors()) {
    ++report.tensors;
    if (!weights::is_quantization_tensor(name)) report.parameters += entry.shape.size();
    TypeTotal& total = report.types[entry.dtype];
    ++total.tensors;
    total.bytes += static_cast<int64_t>(entry.bytes);
  }
  for (const ModelComponent& component : contents.components) {
    report.networks.push_back(inspect_network(file, component, report.oddities));
  }
  return report;
}

std::string report_text(const ModelReport& report) {
  std::string text = report.path.string() + "\n  " + report.description + "\n";
  const auto line = [&](const std::string& name, const std::string& value) {
    text += "  " + name + std::string(name.size() < 18 ? 18 - name.size() : 1, ' ') + value + "\n";
  };
  line("size", text::byte_count(report.file_size));
  line("tensors", count_text(report.tensors));
  line("parameters", count_text(report.parameters));
  line("types", types_text(report.types));
  for (const NetworkReport& network : report.networks) {
    text += "\n  " + network.name + "\n";
    line("  names",
         network.layout +
             (network.prefix.empty() ? std::string() : ", behind " + text::quote(network.prefix)));
    for (const auto& [name, value] : network.widths) {
      line("  " + name, value > 0 ? count_text(value) : "unknown");
    }
    line("  parameters", count_text(network.parameters));
    line("  types", types_text(network.types) + (network.scaled ? ", scaled" : ""));
  }
  for (const auto& [name, value] : report.metadata) {
    line("metadata", text::quote(name) + " = " + text::quote(value));
  }
  for (const std::string& oddity : report.oddities) line("odd", oddity);
  return text;
}

}  // namespace zanime::checkpoints
