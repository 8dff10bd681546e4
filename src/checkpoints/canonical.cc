#include "checkpoints/canonical.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace zanime::checkpoints {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// Diffusers, canonical.
constexpr std::array kDitRenames = {
    Pair{"all_x_embedder.2-1.", "x_embedder."},
    Pair{"all_final_layer.2-1.", "final_layer."},
};
constexpr std::array kDitModules = {
    Pair{".attention.to_out.0.", ".attention.out."},
    Pair{".attention.norm_q.", ".attention.q_norm."},
    Pair{".attention.norm_k.", ".attention.k_norm."},
};
constexpr std::array<std::string_view, 3> kSplit = {".attention.to_q.", ".attention.to_k.",
                                                    ".attention.to_v."};
constexpr std::string_view kFused = ".attention.qkv.";

constexpr std::array kAttentionParts = {
    Pair{"group_norm.", "norm."},
    Pair{"to_q.", "q."},
    Pair{"to_k.", "k."},
    Pair{"to_v.", "v."},
    Pair{"to_out.0.", "proj_out."},
    Pair{"query.", "q."},
    Pair{"key.", "k."},
    Pair{"value.", "v."},
    Pair{"proj_attn.", "proj_out."},
};

std::optional<std::string> replaced(std::string_view name, std::string_view from,
                                    std::string_view to) {
  const size_t at = name.find(from);
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(name.substr(0, at)) + std::string(to) +
         std::string(name.substr(at + from.size()));
}

bool consume(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

// Takes "12." off the front.
std::optional<int> consume_index(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data() + text.size() || *end != '.' || value < 0) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return value;
}

std::string residual_part(std::string_view rest) {
  if (consume(rest, "conv_shortcut.")) return "nin_shortcut." + std::string(rest);
  return std::string(rest);
}

// What follows "encoder." or "decoder."; nullopt when it is not in Diffusers' layout.
std::optional<std::string> canonical_side(std::string_view rest, int levels) {
  if (consume(rest, "conv_norm_out.")) return "norm_out." + std::string(rest);
  if (consume(rest, "mid_block.resnets.")) {
    const std::optional<int> block = consume_index(rest);
    if (!block) return std::nullopt;
    return "mid.block_" + std::to_string(*block + 1) + "." + residual_part(rest);
  }
  if (consume(rest, "mid_block.attentions.0.")) {
    for (const auto& [theirs, ours] : kAttentionParts) {
      if (consume(rest, theirs)) return "mid.attn_1." + std::string(ours) + std::string(rest);
    }
    return std::nullopt;
  }
  const bool down = consume(rest, "down_blocks.");
  if (!down && !consume(rest, "up_blocks.")) return std::nullopt;
  const std::optional<int> block = consume_index(rest);
  if (!block) return std::nullopt;
  const std::string level =
      down ? "down." + std::to_string(*block) : "up." + std::to_string(levels - 1 - *block);
  if (consume(rest, "resnets.")) {
    const std::optional<int> index = consume_index(rest);
    if (!index) return std::nullopt;
    return level + ".block." + std::to_string(*index) + "." + residual_part(rest);
  }
  if (consume(rest, down ? "downsamplers.0." : "upsamplers.0.")) {
    return level + (down ? ".downsample." : ".upsample.") + std::string(rest);
  }
  return std::nullopt;
}

}  // namespace

CanonicalTarget canonical_dit_name(std::string_view name) {
  for (const auto& [theirs, ours] : kDitRenames) {
    if (name.starts_with(theirs)) {
      return {std::string(ours) + std::string(name.substr(theirs.size()))};
    }
  }
  for (size_t part = 0; part < kSplit.size(); ++part) {
    if (const auto fused = replaced(name, kSplit[part], kFused)) {
      return {*fused, static_cast<int>(part)};
    }
  }
  for (const auto& [theirs, ours] : kDitModules) {
    if (const auto canonical = replaced(name, theirs, ours)) return {*canonical};
  }
  return {std::string(name)};
}

std::string diffusers_dit_name(std::string_view canonical, int part) {
  if (part != CanonicalTarget::kWhole) {
    if (const auto split = replaced(canonical, kFused, kSplit[static_cast<size_t>(part)])) {
      return *split;
    }
  }
  for (const auto& [theirs, ours] : kDitRenames) {
    if (canonical.starts_with(ours)) {
      return std::string(theirs) + std::string(canonical.substr(ours.size()));
    }
  }
  for (const auto& [theirs, ours] : kDitModules) {
    if (const auto name = replaced(canonical, ours, theirs)) return *name;
  }
  return std::string(canonical);
}

std::string canonical_autoencoder_name(std::string_view name, int levels) {
  std::string_view rest = name;
  const bool encoder = consume(rest, "encoder.");
  if (!encoder && !consume(rest, "decoder.")) return std::string(name);
  const std::optional<std::string> side = canonical_side(rest, levels);
  if (!side) return std::string(name);
  return (encoder ? "encoder." : "decoder.") + *side;
}

int64_t index_after(std::string_view name, std::string_view prefix) {
  if (!consume(name, prefix)) return -1;
  return consume_index(name).value_or(-1);
}

}  // namespace zanime::checkpoints
