#include "graph/workflow/unwrap.h"

#include <string>
#include <vector>

#include "base/error.h"
#include "graph/api_view.h"
#include "graph/workflow/editor_graph.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

// More wrappers than any program puts around a graph.
constexpr int kMaxWrappers = 6;

bool is_graph(const ordered_json& json) {
  if (!json.is_object()) return false;
  if (is_editor_workflow(json)) return true;
  for (const auto& [id, node] : json.items()) {
    if (!api_class(node).empty()) return true;
  }
  return false;
}

// All graphs within `json` that nothing prefers to one another.
void collect(const ordered_json& json, int depth, std::vector<const ordered_json*>& found) {
  if (is_graph(json)) {
    found.push_back(&json);
    return;
  }
  if (depth == kMaxWrappers) return;
  const size_t before = found.size();
  if (json.is_object()) {
    for (const char* name : {"prompt", "output", "workflow", "input"}) {
      if (const auto member = json.find(name); member != json.end()) {
        collect(*member, depth + 1, found);
      }
      if (found.size() > before) return;
    }
    for (const auto& [name, member] : json.items()) collect(member, depth + 1, found);
  } else if (json.is_array()) {
    const bool is_entry = json.size() >= 3 && json[0].is_number() && json[1].is_string();
    if (is_entry) {
      collect(json[2], depth + 1, found);
      return;
    }
    for (const ordered_json& member : json) collect(member, depth + 1, found);
  }
}

}  // namespace

const ordered_json& unwrapped(const ordered_json& json) {
  std::vector<const ordered_json*> found;
  collect(json, 0, found);
  if (found.empty()) return json;
  if (found.size() == 1) return *found.front();
  throw Error(ErrorKind::kGraph, "there are " + std::to_string(found.size()) +
                                     " graphs in it; keep the one that is to run");
}

}  // namespace zanime::graph
