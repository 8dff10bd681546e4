// Looking at a graph in ComfyUI's API form, {"ID": {"class_type", "inputs", "_meta"}}, that nothing
// has checked yet: whatever is malformed counts as absent.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "graph/registry.h"

namespace zanime::graph {

// ["node id", output]; ids may be written as numbers. Nothing for every other value.
std::optional<Link> as_link(const nlohmann::ordered_json& value);

struct ApiLink {
  std::string input;  // of the node that has the link
  Link source;
};

// Of one node; empty, or null, without.
std::string api_class(const nlohmann::ordered_json& node);
std::string api_title(const nlohmann::ordered_json& node);
std::string api_meta(const nlohmann::ordered_json& node, const char* name);  // a text of `_meta`
const nlohmann::ordered_json* api_inputs(const nlohmann::ordered_json& node);
nlohmann::ordered_json* api_inputs(nlohmann::ordered_json& node);
std::vector<ApiLink> api_links(const nlohmann::ordered_json& node);
std::string describe_api_node(const std::string& id, const nlohmann::ordered_json& node);

// Puts a member behind the others. The key must be a new one: nlohmann's ordered objects would look
// through all members for it, which takes a second for a few thousand.
void append_member(nlohmann::ordered_json& object, const std::string& key,
                   nlohmann::ordered_json value);

// All nodes by id, for the same reason. The graph must outlive the view, unchanged in its ids.
class ApiView {
 public:
  explicit ApiView(const nlohmann::ordered_json& graph);

  // Null where there is none.
  const nlohmann::ordered_json* find(const std::string& id) const;
  std::string describe(const std::string& id) const;  // also of a node that is not there

  // The nodes of known types that save something, in the order of the file.
  std::vector<std::string> outputs(const NodeRegistry& registry) const;
  // Those nodes and all that they link to, however far.
  std::set<std::string> needed_by(const std::vector<std::string>& ids) const;

 private:
  const nlohmann::ordered_json& graph_;
  std::map<std::string, const nlohmann::ordered_json*> by_id_;
};

}  // namespace zanime::graph
