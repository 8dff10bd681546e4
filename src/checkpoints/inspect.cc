#include "checkpoints/inspect.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text/near_matches.h"
#include "base/text/quote.h"
#include "checkpoints/architectures.h"
#include "checkpoints/family.h"
#include "checkpoints/model_file.h"
#include "checkpoints/open_model.h"
#include "checkpoints/stored_spec.h"
#include "checkpoints/upscaler_spec.h"
#include "weights/quantization.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

// Larger tensors are not searched for NaN: that would read the whole file from the disk.
constexpr int64_t kScannedValues = 1'000'000;

using Weights = std::map<std::string, weights::Weight>;

// What the widths say the network should be; nullopt when they contradict one another.
template <typename Spec>
std::optional<std::vector<NamedShape>> expected(const Spec& spec) {
  try {
    check_widths(spec);
  } catch (const Error&) {
    return std::nullopt;
  }
  return network_tensors(spec);
}

std::optional<std::vector<NamedShape>> read_dit(const StoredShapes& shapes, NetworkReport& report) {
  const DitSpec spec = stored_dit_spec(shapes);
  report.widths = {{"dim", spec.dim},
                   {"layers", spec.layers},
                   {"noise refiners", spec.noise_refiners},
                   {"context refiners", spec.context_refiners},
                   {"heads", spec.heads()},
                   {"head dim", spec.head_dim},
                   {"feed-forward", spec.ffn},
                   {"caption width", spec.caption_dim}};
  return expected(spec);
}

std::optional<std::vector<NamedShape>> read_qwen3(const StoredShapes& shapes,
                                                  NetworkReport& report) {
  const Qwen3Spec spec = stored_qwen3_spec(shapes);
  report.widths = {{"hidden", spec.hidden},        {"layers", spec.layers},
                   {"heads", spec.heads},          {"key/value heads", spec.kv_heads},
                   {"head dim", spec.head_dim},    {"feed-forward", spec.ffn},
                   {"vocabulary", spec.vocabulary}};
  return expected(spec);
}

std::optional<std::vector<NamedShape>> read_autoencoder(const StoredShapes& shapes,
                                                        NetworkReport& report) {
  const AutoencoderSpec spec = stored_autoencoder_spec(shapes);
  report.widths = {{"channels", spec.decoder[0].width}, {"latent channels", spec.latent_channels}};
  return expected(spec);
}

std::optional<std::vector<NamedShape>> read_control(const StoredShapes& shapes,
                                                    NetworkReport& report) {
  const ControlSpec spec = stored_control_spec(shapes);
  report.widths = {{"dim", spec.dim},
                   {"layers", spec.layers},
                   {"refiners", spec.refiners},
                   {"heads", spec.heads()},
                   {"head dim", spec.head_dim},
                   {"feed-forward", spec.ffn},
                   {"channels seen", spec.channels}};
  return expected(spec);
}

std::optional<std::vector<NamedShape>> read_upscaler(const StoredShapes& shapes,
                                                     NetworkReport& report) {
  const UpscalerSpec spec = stored_upscaler_spec(shapes);
  report.name += " (" + upscaler_kind_name(spec.kind) + ")";
  report.widths = {{"scale", spec.scale}, {"features", spec.features}, {"blocks", spec.blocks}};
  return expected(spec);
}

void find_contradictions(const Weights& weights, const std::vector<NamedShape>& expected_tensors,
                         const NetworkReport& report, std::vector<std::string>& oddities) {
  std::vector<std::string> missing, unused, misshapen;
  std::set<std::string> known;
  for (const NamedShape& tensor : expected_tensors) {
    known.insert(tensor.name);
    const auto found = weights.find(tensor.name);
    if (found == weights.end()) {
      missing.push_back(tensor.name);
    } else if (found->second.shape().size() != tensor.shape.size()) {
      misshapen.push_back(text::quote(tensor.name) + " has the shape " +
                          found->second.shape().to_string() + ", the widths suggest " +
                          tensor.shape.to_string());
    }
  }
  for (const auto& [name, weight] : weights) {
    if (is_merged_anew(name)) continue;
    if (!known.contains(name)) unused.push_back(name);
  }
  if (!misshapen.empty()) {
    const size_t others = misshapen.size() - 1;
    oddities.push_back(
        report.name + ": tensor " + misshapen.front() +
        (others == 0 ? "" : "; " + std::to_string(others) + " more contradict the widths"));
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
    // A pad token is a vector with an axis more.
    if (weight.shape().rank() < 2 || weight.rows() < 2) continue;
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

  const StoredShapes shapes = shapes_of(weights);
  std::optional<std::vector<NamedShape>> tensors;
  switch (component.family) {
    case ModelFamily::kZImage:
      tensors = read_dit(shapes, report);
      if (!weights.contains("x_pad_token")) {
        oddities.push_back(report.name + ": has no pad tokens, so sequences are not padded");
      }
      break;
    case ModelFamily::kQwen3:
      tensors = read_qwen3(shapes, report);
      break;
    case ModelFamily::kFluxAutoencoder:
      tensors = read_autoencoder(shapes, report);
      if (!weights.contains("encoder.conv_in.weight")) {
        oddities.push_back(report.name + ": has no encoder, so pictures cannot be its input");
      }
      break;
    case ModelFamily::kZImageControl:
      tensors = read_control(shapes, report);
      break;
    case ModelFamily::kUpscaler:
      tensors = read_upscaler(shapes, report);
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
