// ComfyUI's own nodes that are not here, and why: for people whose graph stops at one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/registry.h"

namespace zanime::graph {

enum class MissingReason {
  kService,  // runs on a paid service
  kVideo,
  kAudio,
  kThreeD,
  kVision,    // needs a model that looks at pictures
  kLanguage,  // needs a language model that writes
  kTraining,
  kOtherFamily,  // of diffusion models
  kEditor,       // a part of the editor's window
  kMachine,      // chooses among PyTorch's devices and kernels
  kNotYet,
};

struct MissingNode {
  std::string_view name;
  MissingReason reason;
  std::string_view sentence;  // goes on after the name: "is a node for video models"
};

// The sentence for one of ComfyUI's nodes that were not made here; empty for any other name.
std::string_view missing_node_sentence(std::string_view class_name);

// Those that the registry lacks, by reason and name.
std::vector<MissingNode> missing_nodes(const NodeRegistry& registry);

// The same for people: a heading for each reason, below it a line for each name.
std::string missing_node_table(const NodeRegistry& registry);

}  // namespace zanime::graph
