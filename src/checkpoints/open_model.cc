#include "checkpoints/open_model.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/text/near_matches.h"
#include "base/text/quote.h"
#include "checkpoints/architectures.h"
#include "checkpoints/canonical.h"
#include "checkpoints/family.h"
#include "checkpoints/model_file.h"
#include "checkpoints/stored_spec.h"
#include "checkpoints/upscaler_spec.h"
#include "weights/quantization.h"

namespace zanime::checkpoints {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& message) {
  throw Error(ErrorKind::kFile, path.string() + ": " + message);
}

// A tensor of the file that is a whole canonical tensor or a part of one.
struct StoredPart {
  std::string stored_name;
  const weights::TensorEntry* entry = nullptr;
};
// By part for a split tensor; a whole one has only [0].
struct StoredTensor {
  std::array<StoredPart, 3> parts;
  bool split = false;
};
using StoredTensors = std::map<std::string, StoredTensor>;

// What a weight lies in of which some parts are copies: the file holds them in another order.
struct PartMemory {
  std::shared_ptr<const weights::WeightFile> file;
  std::vector<std::shared_ptr<const std::vector<std::byte>>> copies;
};

class Loader {
 public:
  Loader(std::shared_ptr<const weights::WeightFile> file, const ModelComponent& component)
      : file_(std::move(file)), component_(component), scales_(*file_, component.prefix) {}

  std::map<std::string, weights::Weight> load() {
    const StoredTensors stored = collect();
    check_complete(stored);
    std::map<std::string, weights::Weight> weights;
    for (const auto& [name, tensor] : stored) {
      if (std::optional<weights::Weight> weight = build(name, tensor)) {
        weights.emplace(name, std::move(*weight));
      }
    }
    warn_of_unused(weights);
    return weights;
  }

 private:
  // Tensors of the network's own part of the file that it has no use for: a file that needs them
  // is of a kind that draws something else here.
  void warn_of_unused(const std::map<std::string, weights::Weight>& weights) const {
    if (!stands_alone()) return;
    std::set<std::string> known = {"norm_final.weight", "lm_head.weight"};
    for (NamedShape& tensor : complete_tensors(shapes_of(weights))) {
      known.insert(std::move(tensor.name));
    }
    std::vector<std::string> unused;
    for (const auto& [name, weight] : weights) {
      if (is_merged_anew(name)) continue;
      if (!known.contains(name)) unused.push_back(component_.prefix + name);
    }
    if (unused.empty()) return;
    log_warning(
        file_->path().string() + ": " + std::to_string(unused.size()) +
        " tensors are not used by the " + family_name(component_.family) +
        ", so a file that needs them draws something else here: " + text::list_some(unused));
  }

  // Whether the prefix tells this network's tensors from those of others in the file.
  bool stands_alone() const {
    const FileContents contents = identify(*file_);
    return std::none_of(
        contents.components.begin(), contents.components.end(), [&](const ModelComponent& other) {
          return other.family != component_.family && other.prefix.starts_with(component_.prefix);
        });
  }

  std::vector<NamedShape> complete_tensors(const StoredShapes& shapes) const {
    switch (component_.family) {
      case ModelFamily::kZImage:
        return network_tensors(stored_dit_spec(shapes));
      case ModelFamily::kQwen3:
        return network_tensors(stored_qwen3_spec(shapes));
      case ModelFamily::kFluxAutoencoder:
        return network_tensors(stored_autoencoder_spec(shapes));
      case ModelFamily::kZImageControl:
        return network_tensors(stored_control_spec(shapes));
      case ModelFamily::kUpscaler:
        return network_tensors(stored_upscaler_spec(shapes));
    }
    throw Error(ErrorKind::kInternal, "complete_tensors: unknown family");
  }

  // Names without prefix, in canonical form.
  StoredTensors collect() const {
    const int levels = component_.diffusers ? up_blocks() : 0;
    const int64_t last_module = last_model_index(file_->tensors(), component_.prefix);
    StoredTensors stored;
    for (const auto& [name, entry] : file_->tensors()) {
      if (!name.starts_with(component_.prefix) || weights::is_quantization_tensor(name)) continue;
      const std::string_view rest = std::string_view(name).substr(component_.prefix.size());
      CanonicalTarget target = canonical_target(rest, levels, last_module);
      StoredTensor& tensor = stored[target.name];
      const bool split = target.part != CanonicalTarget::kWhole;
      const auto part = static_cast<size_t>(split ? target.part : 0);
      const StoredPart* taken = nullptr;
      for (const StoredPart& other : tensor.parts) {
        if (other.entry != nullptr) taken = &other;
      }
      if (tensor.parts[part].entry != nullptr || (taken != nullptr && tensor.split != split)) {
        fail(file_->path(), "tensors " + text::quote(taken->stored_name) + " and " +
                                text::quote(name) +
                                " are the same part of the model; use a file with one layout");
      }
      tensor.split = split;
      tensor.parts[part] = {name, &entry};
    }
    return stored;
  }

  CanonicalTarget canonical_target(std::string_view name, int levels, int64_t last_module) const {
    switch (component_.family) {
      case ModelFamily::kZImage:
      case ModelFamily::kZImageControl:
        return canonical_dit_name(name);
      case ModelFamily::kUpscaler:
        return {canonical_upscaler_name(name, last_module)};
      case ModelFamily::kFluxAutoencoder:
        if (component_.diffusers) return {canonical_autoencoder_name(name, levels)};
        break;
      case ModelFamily::kQwen3:
        break;
    }
    return {std::string(name)};
  }

  int up_blocks() const {
    int64_t last = -1;
    const std::string prefix = component_.prefix + "decoder.up_blocks.";
    for (const auto& [name, entry] : file_->tensors()) {
      last = std::max(last, index_after(name, prefix));
    }
    if (last >= kMaxLayers) {
      fail(file_->path(), "up block number " + std::to_string(last) + " is not plausible");
    }
    return static_cast<int>(last + 1);
  }

  // What a file with as many layers must have. Only the names matter here: the network checks the
  // shapes that it reads.
  std::vector<NamedShape> expected_tensors(const StoredTensors& stored) const {
    std::vector<NamedShape> tensors = complete_tensors(stored_shapes(stored));
    std::erase_if(tensors, [this](const NamedShape& tensor) {
      // The text encoder stops before the final norm. An autoencoder without encoder decodes; one
      // whose encoder is incomplete says so when it encodes.
      return component_.family == ModelFamily::kQwen3 ? tensor.name == "norm.weight"
                                                      : tensor.name.starts_with("encoder.");
    });
    return tensors;
  }

  static StoredShapes stored_shapes(const StoredTensors& stored) {
    StoredShapes shapes;
    for (const auto& [name, tensor] : stored) {
      for (const StoredPart& part : tensor.parts) {
        if (part.entry != nullptr) shapes.try_emplace(name, part.entry->shape);
      }
    }
    return shapes;
  }

  void check_complete(const StoredTensors& stored) const {
    std::vector<NamedShape> expected;
    try {
      expected = expected_tensors(stored);
    } catch (const Error& error) {
      throw error.within(file_->path().string());
    }
    std::string first_missing;
    size_t missing = 0;
    for (const NamedShape& tensor : expected) {
      const auto found = stored.find(tensor.name);
      if (found == stored.end()) {
        if (missing++ == 0) first_missing = tensor.name;
        continue;
      }
      check_split(tensor.name, found->second);
      for (const StoredPart& part : found->second.parts) {
        if (part.entry != nullptr && !holds_values(part)) {
          fail(file_->path(), "tensor " + text::quote(part.stored_name) + " has the type " +
                                  std::string(dtype_name(part.entry->dtype)) +
                                  ", which is not supported for weights; use a BF16, F16 or "
                                  "F8_E4M3 version of the model");
        }
      }
    }
    if (missing == 0) return;
    fail(file_->path(), "the " + family_name(component_.family) + " is incomplete: tensor " +
                            text::quote(component_.prefix + first_missing) + " is missing (" +
                            std::to_string(expected.size() - missing) + " of " +
                            std::to_string(expected.size()) + " tensors are there)" +
                            "; download the file again");
  }

  void check_split(const std::string& name, const StoredTensor& tensor) const {
    if (!tensor.split) return;
    const StoredPart* present = nullptr;
    std::string missing;
    constexpr std::array kParts = {"query (to_q)", "key (to_k)", "value (to_v)"};
    for (size_t part = 0; part < tensor.parts.size(); ++part) {
      if (tensor.parts[part].entry != nullptr) {
        present = &tensor.parts[part];
      } else {
        missing += (missing.empty() ? "" : " and ") + std::string(kParts[part]);
      }
    }
    if (!missing.empty()) {
      fail(file_->path(), "tensor " + text::quote(present->stored_name) + " is there, but the " +
                              missing + " part of " + text::quote(name) +
                              " is missing; the file is damaged, download it again");
    }
  }

  // nullopt for a tensor outside the network that is no weight, such as a position index.
  std::optional<weights::Weight> build(const std::string& name, const StoredTensor& tensor) const {
    check_split(name, tensor);
    std::vector<weights::WeightPart> parts;
    auto memory = std::make_shared<PartMemory>(PartMemory{file_, {}});
    Shape shape;
    for (const StoredPart& stored : tensor.parts) {
      if (stored.entry == nullptr) continue;
      const weights::TensorEntry& entry = *stored.entry;
      if (!holds_values(stored)) return std::nullopt;
      weights::WeightScale scale = scales_.scale_of(stored.stored_name, entry);
      const std::byte* data = entry.data;
      DType dtype = entry.dtype;
      Shape stored_shape = entry.shape;
      if (scale.block_scaled) {
        data = scale.block_scaled->bytes->data();
        dtype = scale.block_scaled->dtype;
        stored_shape = scale.block_scaled->shape;
        memory->copies.push_back(scale.block_scaled->bytes);
      }
      const Shape part_shape = canonical_shape(name, stored_shape);
      if (parts.empty()) {
        shape = part_shape;
      } else {
        check_stackable(stored, part_shape, shape);
        shape[0] += part_shape[0];
      }
      parts.push_back({data, dtype, part_shape.rank() == 0 ? 1 : part_shape[0], scale.scale,
                       std::move(scale.rows), scale.rotation});
    }
    std::shared_ptr<const void> owner = file_;
    if (!memory->copies.empty()) owner = std::move(memory);
    return weights::Weight(name, std::move(shape), std::move(parts), std::move(owner));
  }

  // I8 has values only with a scale, which scale_of asks for.
  bool holds_values(const StoredPart& part) const {
    const DType dtype = part.entry->dtype;
    return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 ||
           dtype == DType::kF8E4M3 || dtype == DType::kF8E5M2 || dtype == DType::kI8 ||
           dtype_block(dtype) > 1 || scales_.is_packed(part.stored_name);
  }

  // Diffusers stores the autoencoder's attention as linear layers, others as 1x1 convolutions.
  Shape canonical_shape(const std::string& name, const Shape& shape) const {
    const bool projection = component_.family == ModelFamily::kFluxAutoencoder &&
                            name.find(".mid.attn_1.") != std::string::npos && shape.rank() == 2;
    return projection ? Shape{shape[0], shape[1], 1, 1} : shape;
  }

  void check_stackable(const StoredPart& stored, const Shape& part, const Shape& above) const {
    int64_t total = 0;
    if (part.rank() == above.rank() && part.rank() > 0 &&
        std::equal(part.dims().begin() + 1, part.dims().end(), above.dims().begin() + 1) &&
        !__builtin_add_overflow(part[0], above[0], &total)) {
      return;
    }
    fail(file_->path(), "tensor " + text::quote(stored.stored_name) + " has the shape " +
                            part.to_string() + ", which does not fit under the query part " +
                            above.to_string() + "; the file is damaged");
  }

  std::shared_ptr<const weights::WeightFile> file_;
  ModelComponent component_;
  weights::QuantizationScales scales_;
};

std::string wanted(ModelFamily family) {
  switch (family) {
    case ModelFamily::kZImage:
      return "a Z-Image diffusion model";
    case ModelFamily::kQwen3:
      return "a Qwen3 text encoder";
    case ModelFamily::kFluxAutoencoder:
      return "a FLUX autoencoder";
    case ModelFamily::kZImageControl:
      return "a Z-Image Fun ControlNet";
    case ModelFamily::kUpscaler:
      return "an upscale model: ESRGAN, Real-ESRGAN compact or SPAN";
  }
  return {};
}

}  // namespace

ModelWeights open_model_weights(const std::filesystem::path& path, ModelFamily family) {
  const std::shared_ptr<const weights::WeightFile> file = open_model_file(path);
  const FileContents contents = identify(*file);
  const ModelComponent* component = contents.find(family);
  if (component == nullptr) {
    fail(path, "holds: " + contents.description + ". Needed here: " + wanted(family));
  }
  return load_component(file, *component);
}

ModelWeights load_component(std::shared_ptr<const weights::WeightFile> file,
                            const ModelComponent& component) {
  std::filesystem::path path = file->path();
  return ModelWeights(std::move(path), Loader(std::move(file), component).load());
}

}  // namespace zanime::checkpoints
