#include "tests/support/run_node.h"

#include <filesystem>
#include <utility>

#include "nodes/core_nodes.h"
#include "nodes/node_context.h"
#include "ops/ops.h"
#include "tests/support/backends.h"

namespace zanime::testing {
namespace {

class Surroundings : public nodes::ModelFiles, public nodes::PictureSink {
 public:
  std::vector<std::string> list(const std::string&) const override { return {}; }
  std::filesystem::path find(const std::string&, const std::string& name) const override {
    return name;
  }
  void save(const std::string&, const nodes::Image&, const std::string&,
            const nlohmann::ordered_json&) override {}
};

}  // namespace

const nodes::NodeType& node_type(const std::string& class_name) {
  static const auto types = [] {
    std::map<std::string, nodes::NodeType> by_name;
    for (nodes::NodeType& type : nodes::all_node_types()) by_name.emplace(type.class_name, type);
    return by_name;
  }();
  return types.at(class_name);
}

std::vector<nodes::Value> run_node(const std::string& class_name,
                                   std::map<std::string, nodes::Value> inputs) {
  static const auto backend = testing::float32_backend();
  Surroundings surroundings;
  const CancelToken cancel;
  const nlohmann::ordered_json graph;
  nodes::NodeContext context{*backend, surroundings, surroundings,   cancel,
                             graph,    "1",          [](int, int) {}};
  return node_type(class_name).run(nodes::Arguments(std::move(inputs)), context);
}

}  // namespace zanime::testing
