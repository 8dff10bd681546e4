// From llama.cpp's names of tensors to those of other files.
#pragma once

#include <string>
#include <string_view>

namespace zanime::checkpoints {

// "blk.3.attn_q.weight" -> "model.layers.3.self_attn.q_proj.weight". Names that are none of
// Qwen3's come back as they are. Rows are in the same order: llama.cpp reorders those of query and
// key for Llama only.
std::string qwen3_name_from_llama_cpp(std::string_view name);

}  // namespace zanime::checkpoints
