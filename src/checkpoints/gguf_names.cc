#include "checkpoints/gguf_names.h"

#include <array>
#include <utility>

namespace zanime::checkpoints {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array kWhole = {
    Pair{"token_embd.weight", "model.embed_tokens.weight"},
    Pair{"output_norm.weight", "model.norm.weight"},
    Pair{"output.weight", "lm_head.weight"},
};
constexpr std::array kOfLayer = {
    Pair{"attn_norm", "input_layernorm"},    Pair{"attn_q", "self_attn.q_proj"},
    Pair{"attn_k", "self_attn.k_proj"},      Pair{"attn_v", "self_attn.v_proj"},
    Pair{"attn_output", "self_attn.o_proj"}, Pair{"attn_q_norm", "self_attn.q_norm"},
    Pair{"attn_k_norm", "self_attn.k_norm"}, Pair{"ffn_norm", "post_attention_layernorm"},
    Pair{"ffn_gate", "mlp.gate_proj"},       Pair{"ffn_up", "mlp.up_proj"},
    Pair{"ffn_down", "mlp.down_proj"},
};
constexpr std::string_view kLayer = "blk.";

}  // namespace

std::string qwen3_name_from_llama_cpp(std::string_view name) {
  for (const auto& [theirs, ours] : kWhole) {
    if (name == theirs) return std::string(ours);
  }
  if (!name.starts_with(kLayer)) return std::string(name);
  const std::string_view rest = name.substr(kLayer.size());
  const size_t number = rest.find('.');
  const size_t end = rest.rfind('.');
  if (number == std::string_view::npos || end <= number) return std::string(name);
  const std::string_view module = rest.substr(number + 1, end - number - 1);
  for (const auto& [theirs, ours] : kOfLayer) {
    if (module == theirs) {
      return "model.layers." + std::string(rest.substr(0, number + 1)) + std::string(ours) +
             std::string(rest.substr(end));
    }
  }
  return std::string(name);
}

}  // namespace zanime::checkpoints
