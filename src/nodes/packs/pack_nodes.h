// Nodes of other packs that compute something: numbers, texts, sizes, pictures, names of files.
// Each has the class name, the inputs in their order (files of the editor keep values by place) and
// the outputs of its pack. What only hands a value on is in graph/pass_through.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nodes/node_type.h"

namespace zanime::nodes {

using NodeTypes = std::vector<NodeType>;  // as in core_nodes.h, which this stands below

void add_pack_number_nodes(NodeTypes& types);
void add_pack_text_nodes(NodeTypes& types);
void add_pack_size_nodes(NodeTypes& types);
void add_pack_picture_nodes(NodeTypes& types);
void add_pack_saver_nodes(NodeTypes& types);
// Other names of the loaders; after these.
void add_pack_loader_nodes(NodeTypes& types);
void add_pack_sampling_nodes(NodeTypes& types);
// Text encoders that change the prompt first; after CLIPTextEncode.
void add_pack_prompt_nodes(NodeTypes& types);

// One node of the pack `pack`, which is its category too.
NodeType pack_node(const std::string& pack, const std::string& class_name,
                   const std::string& description, std::vector<InputSpec> inputs,
                   std::vector<OutputSpec> outputs, NodeFunction run);

// A slot without a widget, which may be left open.
InputSpec slot(const std::string& name);
// What such a slot, or a text, was given, as a text; empty without.
std::string given_text(const Arguments& arguments, const std::string& name);
// A truth, a number or a text that is one. `otherwise` where the input is open. Throws
// Error(kGraph) for anything else.
Value given_number(const Arguments& arguments, const std::string& name, double otherwise = 0.0);

// Python's int() and float() of a number.
WideInt to_whole(const Value& number);
double to_real(const Value& number);

}  // namespace zanime::nodes
