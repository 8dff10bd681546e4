// A request out of the readable text that pictures of A1111, Forge and this program carry: the
// opposite of parameters_text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/generation_params.h"
#include "nodes/node_context.h"

namespace zanime::engine {

struct ParametersRequest {
  GenerationParams params;
  // What the text states and the request does not: "Clip skip: 2".
  std::vector<std::string> not_honoured;
};

// Whether the text has the line of settings, `Steps: 8, Sampler: …`.
bool is_parameters_text(std::string_view text);

// Prompt, negative prompt, steps, sampler and schedule, guidance, shift, seed, size, a second pass,
// adapters (`<lora:NAME:STRENGTH>`) and the files of the model, by their names without regard to
// case, folder and extension, or a model by the first ten digits of its SHA-256. What `files` does
// not have is not honoured. Settings that change nothing here (versions, hashes) are left out.
ParametersRequest read_parameters(const std::string& text, const nodes::ModelFiles& files);

}  // namespace zanime::engine
