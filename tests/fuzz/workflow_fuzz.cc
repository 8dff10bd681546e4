// libFuzzer target: the text of a workflow in either form, from JSON to a checked graph.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "nodes/graph.h"
#include "nodes/workflow/outline.h"
#include "nodes/workflow/queue_texts.h"
#include "nodes/workflow/to_api.h"
#include "tests/support/fake_model_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zanime;
  static const auto registry = nodes::NodeRegistry::standard(/*with_extra_nodes=*/true);
  static const testing::FakeModelFiles files({{"diffusion_models", {"dit.safetensors"}},
                                              {"text_encoders", {"qwen.safetensors"}},
                                              {"vae", {"ae.safetensors"}}});
  try {
    const auto json = nodes::parse_graph_json({reinterpret_cast<const char*>(data), size}, "input");
    nodes::ApiWorkflow workflow = nodes::to_api(json, registry);
    nodes::choose_words(workflow.graph, registry, [] { return 0.5; });
    if (workflow.graph.is_object()) nodes::graph_tree(workflow.graph, registry, files);
    std::vector<std::string> warnings;
    nodes::read_graph(workflow.graph, registry, files, &warnings);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInternal) std::abort();
  }
  return 0;
}
