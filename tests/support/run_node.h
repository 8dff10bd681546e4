// Running one node by itself.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/node_type.h"

namespace zanime::testing {

// The node type of this class. Throws std::out_of_range for a class that does not exist.
const nodes::NodeType& node_type(const std::string& class_name);

// The outputs of a node. Names of files stand for themselves, as paths;
// what it saves is dropped.
std::vector<nodes::Value> run_node(const std::string& class_name,
                                   std::map<std::string, nodes::Value> inputs);

}  // namespace zanime::testing
