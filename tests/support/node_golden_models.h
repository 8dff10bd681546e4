// The model files that the graphs of golden/nodes name; golden/nodes/README.md says what they are.
#pragma once

#include <filesystem>
#include <string>

namespace zanime::testing {

// The file of a model as a graph names it, such as "vae" and "tiny-vae-64-fp32.safetensors". Made
// when it is first asked for, since most graphs need none; gone with the process. An empty path
// where there is no such model.
std::filesystem::path node_golden_model(const std::string& folder, const std::string& name);

}  // namespace zanime::testing
