// Running one node by itself.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/registry.h"

namespace zanime::testing {

// The outputs of a node of the standard registry. Names of files stand for themselves, as paths;
// what it saves is dropped.
std::vector<nodes::Value> run_node(const std::string& class_name,
                                   std::map<std::string, nodes::Value> inputs);

}  // namespace zanime::testing
