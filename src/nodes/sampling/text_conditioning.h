// A text's tokens through a text encoder with its hooks.
#pragma once

#include <cstdint>
#include <span>

#include "nodes/node_context.h"
#include "nodes/value.h"

namespace zanime::nodes {

// One entry; where the encoder follows keyframes, one for each part of sampling between them, all
// with the strengths of the first part, as in ComfyUI.
Conditioning encode_tokens(const Clip& clip, std::span<const int32_t> ids, NodeContext& context);

}  // namespace zanime::nodes
