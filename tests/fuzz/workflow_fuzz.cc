// libFuzzer target: the text of a workflow in either form, from JSON to a checked graph.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "graph/json_text.h"
#include "graph/outline.h"
#include "graph/read_graph.h"
#include "graph/workflow/queue_texts.h"
#include "graph/workflow/to_api.h"
#include "tests/support/fake_model_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zanime;
  static const auto registry = zanime::graph::NodeRegistry::standard(/*with_extra_nodes=*/true);
  static const testing::FakeModelFiles files({{"diffusion_models", {"dit.safetensors"}},
                                              {"text_encoders", {"qwen.safetensors"}},
                                              {"vae", {"ae.safetensors"}}});
  try {
    const auto json =
        zanime::graph::parse_graph_json({reinterpret_cast<const char*>(data), size}, "input");
    zanime::graph::ApiWorkflow workflow = zanime::graph::to_api(json, registry);
    zanime::graph::choose_words(workflow.graph, registry, [] { return 0.5; });
    if (workflow.graph.is_object()) zanime::graph::graph_tree(workflow.graph, registry, files);
    std::vector<std::string> warnings;
    zanime::graph::read_graph(workflow.graph, registry, files, &warnings);
  } catch (const zanime::Error& error) {
    if (error.kind() == zanime::ErrorKind::kInternal) std::abort();
  }
  return 0;
}
