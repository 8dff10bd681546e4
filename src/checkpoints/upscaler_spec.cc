#include "checkpoints/upscaler_spec.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/text/quote.h"
#include "checkpoints/canonical.h"

namespace zanime::checkpoints {
namespace {

constexpr int64_t kDenseBlocks = 3;  // in a residual in residual dense block
constexpr int64_t kDenseConvolutions = 5;
constexpr int64_t kMaxUpscale = 16;

Shape extent_of(const StoredShapes& shapes, const std::string& name, int rank) {
  const auto found = shapes.find(name);
  if (found == shapes.end()) {
    throw Error(ErrorKind::kFile, "tensor " + text::quote(name) + " is missing");
  }
  if (found->second.rank() != rank || found->second.size() == 0) {
    throw Error(ErrorKind::kFile, "tensor " + text::quote(name) + " has the shape " +
                                      found->second.to_string() + ", not one of " +
                                      std::to_string(rank) + " axes");
  }
  return found->second;
}

// The side of the squares of pixels that lie in so many channels beside one another.
int64_t shuffle_factor(int64_t outputs, int64_t channels) {
  for (int64_t factor = 1; factor <= kMaxUpscale; ++factor) {
    if (factor * factor * channels == outputs) return factor;
  }
  throw Error(ErrorKind::kFile, std::to_string(outputs) + " channels are no square of pixels of " +
                                    std::to_string(channels) + " colours");
}

// One more than the largest N of `stem`N.
int64_t count_from(const StoredShapes& shapes, const std::string& stem) {
  int64_t last = -1;
  for (auto at = shapes.lower_bound(stem); at != shapes.end() && at->first.starts_with(stem);
       ++at) {
    last = std::max(last, index_after(at->first, stem));
  }
  if (last >= kMaxLayers) {
    throw Error(ErrorKind::kFile, "block number " + std::to_string(last) + " of " +
                                      text::quote(stem) + " is not plausible; the file is damaged");
  }
  return last + 1;
}

UpscalerSpec stored_esrgan(const StoredShapes& shapes) {
  UpscalerSpec spec;
  const Shape first = extent_of(shapes, "conv_first.weight", 4);
  spec.features = first[0];
  spec.channels = extent_of(shapes, "conv_last.weight", 4)[0];
  spec.growth = extent_of(shapes, "body.0.rdb1.conv1.weight", 4)[0];
  spec.blocks = count_from(shapes, "body.");
  spec.has_inner_shortcuts = shapes.contains("body.0.rdb1.conv1x1.weight");
  spec.fold = shuffle_factor(first[1], spec.channels);
  int64_t doublings = 0;
  while (shapes.contains("conv_up" + std::to_string(doublings + 1) + ".weight")) ++doublings;
  const int64_t enlarged = int64_t{1} << std::min<int64_t>(doublings, 8);
  if (enlarged % spec.fold != 0) {
    throw Error(ErrorKind::kFile, "it folds pixels " + std::to_string(spec.fold) +
                                      " times and enlarges " + std::to_string(enlarged) + " times");
  }
  spec.scale = enlarged / spec.fold;
  return spec;
}

UpscalerSpec stored_compact(const StoredShapes& shapes) {
  UpscalerSpec spec;
  spec.kind = UpscalerKind::kCompact;
  const Shape first = extent_of(shapes, "body.0.weight", 4);
  spec.features = first[0];
  spec.channels = first[1];
  const int64_t layers = count_from(shapes, "body.");
  if (layers < 3 || layers % 2 == 0) {
    throw Error(ErrorKind::kFile, "it has " + std::to_string(layers) +
                                      " layers, where convolutions and activations take turns");
  }
  spec.blocks = (layers - 3) / 2;
  const Shape last = extent_of(shapes, "body." + std::to_string(layers - 1) + ".weight", 4);
  spec.scale = shuffle_factor(last[0], spec.channels);
  return spec;
}

UpscalerSpec stored_span(const StoredShapes& shapes) {
  UpscalerSpec spec;
  spec.kind = UpscalerKind::kSpan;
  spec.blocks = kSpanBlocks;
  const Shape first = extent_of(shapes, "conv_1.sk.weight", 4);
  spec.features = first[0];
  spec.channels = first[1];
  spec.scale = shuffle_factor(extent_of(shapes, "upsampler.0.weight", 4)[0], spec.channels);
  spec.is_centred = !shapes.contains("no_norm");
  return spec;
}

class UpscalerTensors {
 public:
  void conv(const std::string& name, int64_t outputs, int64_t inputs, int64_t side = 3) {
    tensors_.push_back({name + ".weight", {outputs, inputs, side, side}});
    tensors_.push_back({name + ".bias", {outputs}});
  }
  void tensor(const std::string& name, Shape shape) {
    tensors_.push_back({name, std::move(shape)});
  }
  // SPAN's three convolutions and a shortcut that act as a single one.
  void merged_conv(const std::string& name, int64_t outputs, int64_t inputs) {
    conv(name + ".sk", outputs, inputs, 1);
    conv(name + ".conv.0", 2 * inputs, inputs, 1);
    conv(name + ".conv.1", 2 * outputs, 2 * inputs);
    conv(name + ".conv.2", outputs, 2 * outputs, 1);
  }

  std::vector<NamedShape> take() { return std::move(tensors_); }

 private:
  std::vector<NamedShape> tensors_;
};

std::vector<NamedShape> esrgan_tensors(const UpscalerSpec& spec) {
  UpscalerTensors list;
  list.conv("conv_first", spec.features, spec.channels * spec.fold * spec.fold);
  for (int64_t block = 0; block < spec.blocks; ++block) {
    for (int64_t dense = 1; dense <= kDenseBlocks; ++dense) {
      const std::string name = "body." + std::to_string(block) + ".rdb" + std::to_string(dense);
      for (int64_t i = 1; i <= kDenseConvolutions; ++i) {
        list.conv(name + ".conv" + std::to_string(i),
                  i < kDenseConvolutions ? spec.growth : spec.features,
                  spec.features + (i - 1) * spec.growth);
      }
      if (spec.has_inner_shortcuts) {
        list.tensor(name + ".conv1x1.weight", {spec.growth, spec.features, 1, 1});
      }
    }
  }
  list.conv("conv_body", spec.features, spec.features);
  for (int64_t i = 1; i <= esrgan_doublings(spec); ++i) {
    list.conv("conv_up" + std::to_string(i), spec.features, spec.features);
  }
  list.conv("conv_hr", spec.features, spec.features);
  list.conv("conv_last", spec.channels, spec.features);
  return list.take();
}

std::vector<NamedShape> compact_tensors(const UpscalerSpec& spec) {
  UpscalerTensors list;
  list.conv("body.0", spec.features, spec.channels);
  for (int64_t i = 0; i < spec.blocks; ++i) {
    list.tensor("body." + std::to_string(2 * i + 1) + ".weight", {spec.features});
    list.conv("body." + std::to_string(2 * i + 2), spec.features, spec.features);
  }
  list.tensor("body." + std::to_string(2 * spec.blocks + 1) + ".weight", {spec.features});
  list.conv("body." + std::to_string(2 * spec.blocks + 2), spec.channels * spec.scale * spec.scale,
            spec.features);
  return list.take();
}

std::vector<NamedShape> span_tensors(const UpscalerSpec& spec) {
  UpscalerTensors list;
  list.merged_conv("conv_1", spec.features, spec.channels);
  for (int64_t block = 1; block <= kSpanBlocks; ++block) {
    for (int64_t i = 1; i <= 3; ++i) {
      list.merged_conv("block_" + std::to_string(block) + ".c" + std::to_string(i) + "_r",
                       spec.features, spec.features);
    }
  }
  list.merged_conv("conv_2", spec.features, spec.features);
  list.conv("conv_cat", spec.features, 4 * spec.features, 1);
  list.conv("upsampler.0", spec.channels * spec.scale * spec.scale, spec.features);
  if (!spec.is_centred) list.tensor("no_norm", {1});
  return list.take();
}

// "12.rest" -> 12 and "rest"; nullopt without a number in front.
std::optional<std::pair<int64_t, std::string_view>> split_index(std::string_view text) {
  int64_t index = 0;
  const char* end = text.data() + text.size();
  const auto [rest, status] = std::from_chars(text.data(), end, index);
  if (status != std::errc() || rest == end || *rest != '.' || index < 0) return std::nullopt;
  return std::pair{index, text.substr(static_cast<size_t>(rest - text.data()) + 1)};
}

// "0.RDB1.conv1.0.weight" or "0.RDB1.conv1.weight" -> "body.0.rdb1.conv1.weight".
std::optional<std::string> canonical_dense_block(std::string_view rest) {
  const auto block = split_index(rest);
  if (!block || !block->second.starts_with("RDB")) return std::nullopt;
  std::string name(block->second);
  name.replace(0, 3, "rdb");
  if (const size_t place = name.find(".0."); place != std::string::npos) name.erase(place, 2);
  return "body." + std::to_string(block->first) + "." + name;
}

bool has_tensor(const weights::WeightFile::Tensors& tensors, std::string_view prefix,
                std::string_view name, int rank) {
  const auto found = tensors.find(std::string(prefix) + std::string(name));
  return found != tensors.end() && found->second.shape.rank() == rank;
}

}  // namespace

std::string upscaler_kind_name(UpscalerKind kind) {
  switch (kind) {
    case UpscalerKind::kEsrgan:
      return "ESRGAN";
    case UpscalerKind::kCompact:
      return "Real-ESRGAN compact";
    case UpscalerKind::kSpan:
      return "SPAN";
  }
  return {};
}

int64_t esrgan_doublings(const UpscalerSpec& spec) {
  return std::bit_width(static_cast<uint64_t>(spec.scale * spec.fold)) - 1;
}

void check_widths(const UpscalerSpec& spec) {
  const bool is_esrgan = spec.kind == UpscalerKind::kEsrgan;
  const auto is_power = [](int64_t value) { return std::has_single_bit(uint64_t(value)); };
  const auto in_range = [](int64_t value, int64_t most) { return value >= 1 && value <= most; };
  if (!in_range(spec.scale, kMaxUpscale) || !in_range(spec.features, 4096) ||
      !in_range(spec.channels, 4) || !in_range(spec.growth, 4096) || !in_range(spec.fold, 4) ||
      spec.blocks < (spec.kind == UpscalerKind::kCompact ? 0 : 1) || spec.blocks > kMaxLayers) {
    throw Error(ErrorKind::kUsage, "an upscale model of scale " + std::to_string(spec.scale) +
                                       " with " + std::to_string(spec.features) + " features, " +
                                       std::to_string(spec.blocks) + " blocks and " +
                                       std::to_string(spec.channels) + " colours is none");
  }
  if (spec.kind == UpscalerKind::kSpan && spec.is_centred && spec.channels != 3) {
    throw Error(ErrorKind::kUsage,
                "SPAN centres three colours and sees " + std::to_string(spec.channels));
  }
  if (is_esrgan && (!is_power(spec.scale) || !is_power(spec.fold))) {
    throw Error(ErrorKind::kUsage, "ESRGAN enlarges by doubling: its scale is " +
                                       std::to_string(spec.scale) +
                                       ", but must be 1, 2, 4, 8 or "
                                       "16");
  }
}

std::vector<NamedShape> network_tensors(const UpscalerSpec& spec) {
  switch (spec.kind) {
    case UpscalerKind::kEsrgan:
      return esrgan_tensors(spec);
    case UpscalerKind::kCompact:
      return compact_tensors(spec);
    case UpscalerKind::kSpan:
      return span_tensors(spec);
  }
  return {};
}

UpscalerSpec stored_upscaler_spec(const StoredShapes& shapes) {
  UpscalerSpec spec = shapes.contains("conv_first.weight")  ? stored_esrgan(shapes)
                      : shapes.contains("conv_1.sk.weight") ? stored_span(shapes)
                                                            : stored_compact(shapes);
  try {
    check_widths(spec);
  } catch (const Error& error) {
    throw Error(ErrorKind::kFile, error.what());
  }
  return spec;
}

UpscalerSpec stored_upscaler_spec(const ModelWeights& weights) {
  try {
    return stored_upscaler_spec(shapes_of(weights.all()));
  } catch (const Error& error) {
    throw error.within(weights.path().string());
  }
}

std::string canonical_upscaler_name(std::string_view name, int64_t last) {
  constexpr std::string_view kTrunk = "RRDB_trunk.", kOld = "model.";
  struct Rename {
    std::string_view theirs, ours;
  };
  constexpr Rename kRenames[] = {
      {"trunk_conv.", "conv_body."}, {"HRconv.", "conv_hr."}, {"upconv", "conv_up"}};
  for (const Rename& rename : kRenames) {
    if (name.starts_with(rename.theirs)) {
      return std::string(rename.ours) + std::string(name.substr(rename.theirs.size()));
    }
  }
  if (name.starts_with(kTrunk)) {
    return canonical_dense_block(name.substr(kTrunk.size())).value_or(std::string(name));
  }
  // The old form numbers modules: 0 the first convolution, 1 the blocks with their last
  // convolution, then three for each doubling (the doubling, a convolution, an activation), and
  // last a convolution, an activation and a convolution.
  if (!name.starts_with(kOld)) return std::string(name);
  const auto module = split_index(name.substr(kOld.size()));
  if (!module) return std::string(name);
  const auto& [index, rest] = *module;
  constexpr std::string_view kSub = "sub.";
  if (index == 1 && rest.starts_with(kSub)) {
    const std::string_view inner = rest.substr(kSub.size());
    if (const auto dense = canonical_dense_block(inner)) return *dense;
    const auto block = split_index(inner);
    return block ? "conv_body." + std::string(block->second) : std::string(name);
  }
  if (index == 0) return "conv_first." + std::string(rest);
  if (index == last) return "conv_last." + std::string(rest);
  if (index == last - 2) return "conv_hr." + std::string(rest);
  if (index % 3 == 0) return "conv_up" + std::to_string(index / 3) + "." + std::string(rest);
  return std::string(name);
}

int64_t last_model_index(const weights::WeightFile::Tensors& tensors, std::string_view prefix) {
  int64_t last = -1;
  const std::string stem = std::string(prefix) + "model.";
  for (auto at = tensors.lower_bound(stem); at != tensors.end() && at->first.starts_with(stem);
       ++at) {
    last = std::max(last, index_after(at->first, stem));
  }
  return last;
}

bool is_merged_anew(std::string_view name) {
  return name.find(".eval_conv.") != std::string_view::npos;
}

bool is_upscaler(const weights::WeightFile::Tensors& tensors, std::string_view prefix) {
  const bool is_old = has_tensor(tensors, prefix, "model.0.weight", 4) &&
                      has_tensor(tensors, prefix, "model.1.sub.0.RDB1.conv1.0.weight", 4);
  const bool is_new = has_tensor(tensors, prefix, "conv_first.weight", 4) &&
                      (has_tensor(tensors, prefix, "body.0.rdb1.conv1.weight", 4) ||
                       has_tensor(tensors, prefix, "RRDB_trunk.0.RDB1.conv1.weight", 4));
  const bool is_compact = has_tensor(tensors, prefix, "body.0.weight", 4) &&
                          has_tensor(tensors, prefix, "body.1.weight", 1);
  const bool is_span = has_tensor(tensors, prefix, "conv_1.sk.weight", 4) &&
                       has_tensor(tensors, prefix, "block_1.c1_r.sk.weight", 4);
  return is_old || is_new || is_compact || is_span;
}

}  // namespace zanime::checkpoints
