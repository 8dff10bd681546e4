// Looking at a graph in API form that nothing has checked yet: whatever is malformed counts as
// absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace zanime::graph {

struct ApiLink {
  std::string input;  // of the node that has the link
  std::string node_id;
  int64_t output = 0;
};

// ["node id", output]; ids may be written as numbers. Nothing for every other value.
std::optional<ApiLink> as_api_link(const nlohmann::ordered_json& value);

std::string api_class(const nlohmann::ordered_json& node);  // empty without
std::string api_title(const nlohmann::ordered_json& node);  // empty without
std::vector<ApiLink> api_links(const nlohmann::ordered_json& node);

// `KSampler (node 8)`, with the title where it says more. The node must exist.
std::string describe_api_node(const nlohmann::ordered_json& graph, const std::string& id);

}  // namespace zanime::graph
