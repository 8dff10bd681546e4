// Conditionings made of conditionings.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "nodes/core_nodes.h"

namespace zanime::nodes {
namespace {

// The one entry that ComfyUI's nodes take from a conditioning that is brought to another.
const Tensor& first_entry(const Arguments& arguments, const std::string& input,
                          const NodeContext& context) {
  const Conditioning& conditioning = arguments.get<Conditioning>(input);
  if (conditioning.empty()) throw Error(ErrorKind::kGraph, "input `" + input + "` is empty");
  if (conditioning.size() > 1) {
    log_warning("node " + context.node_id + ": `" + input + "` has " +
                std::to_string(conditioning.size()) + " entries; only the first is used");
  }
  return conditioning.front().tokens;
}

void check_widths(const Tensor& to, const Tensor& from) {
  if (to.dim(1) == from.dim(1)) return;
  throw Error(ErrorKind::kGraph, "the conditionings have rows of " + std::to_string(to.dim(1)) +
                                     " and of " + std::to_string(from.dim(1)) +
                                     " numbers; make both with the same text encoder");
}

std::vector<Value> combine(const Arguments& arguments, NodeContext&) {
  Conditioning combined = arguments.get<Conditioning>("conditioning_1");
  const Conditioning& second = arguments.get<Conditioning>("conditioning_2");
  combined.insert(combined.end(), second.begin(), second.end());
  return {combined};
}

// The shorter of the two counts as filled up with zeros; the result is as long as `to`.
std::vector<Value> average(const Arguments& arguments, NodeContext& context) {
  const Tensor& from = first_entry(arguments, "conditioning_from", context);
  const double strength = arguments.real("conditioning_to_strength");
  const auto to_weight = static_cast<float>(strength);
  const auto from_weight = static_cast<float>(1.0 - strength);
  Conditioning averaged = arguments.get<Conditioning>("conditioning_to");
  for (ConditioningEntry& entry : averaged) {
    check_widths(entry.tokens, from);
    Tensor tokens(entry.tokens.shape());
    for (int64_t i = 0; i < tokens.size(); ++i) {
      const float other = i < from.size() ? from.data()[i] : 0.0f;
      tokens.data()[i] = entry.tokens.data()[i] * to_weight + other * from_weight;
    }
    entry.tokens = tokens;
  }
  return {averaged};
}

std::vector<Value> concat(const Arguments& arguments, NodeContext& context) {
  const Tensor& from = first_entry(arguments, "conditioning_from", context);
  Conditioning joined = arguments.get<Conditioning>("conditioning_to");
  for (ConditioningEntry& entry : joined) {
    check_widths(entry.tokens, from);
    Tensor tokens({entry.tokens.dim(0) + from.dim(0), from.dim(1)});
    float* end =
        std::copy(entry.tokens.values().begin(), entry.tokens.values().end(), tokens.data());
    std::copy(from.values().begin(), from.values().end(), end);
    entry.tokens = tokens;
  }
  return {joined};
}

std::vector<Value> set_timestep_range(const Arguments& arguments, NodeContext&) {
  Conditioning conditioning = arguments.get<Conditioning>("conditioning");
  for (ConditioningEntry& entry : conditioning) {
    entry.range = {arguments.real("start"), arguments.real("end")};
  }
  return {conditioning};
}

std::vector<Value> set_strength(const Arguments& arguments, NodeContext&) {
  Conditioning conditioning = arguments.get<Conditioning>("conditioning");
  for (ConditioningEntry& entry : conditioning) entry.strength = arguments.real("strength");
  return {conditioning};
}

std::vector<Value> zero_out(const Arguments& arguments, NodeContext&) {
  Conditioning zeroed = arguments.get<Conditioning>("conditioning");
  for (ConditioningEntry& entry : zeroed) entry.tokens = Tensor::zeros(entry.tokens.shape());
  return {zeroed};
}

}  // namespace

void add_conditioning_operation_nodes(NodeTypes& types) {
  const std::vector<OutputSpec> outputs{{"CONDITIONING", "CONDITIONING"}};
  types.push_back({
      .class_name = "ConditioningCombine",
      .display_name = "Conditioning (Combine)",
      .category = "model/conditioning",
      .description = "Both at once: each is predicted on its own, and the predictions averaged.",
      .inputs = {link("conditioning_1", "CONDITIONING"), link("conditioning_2", "CONDITIONING")},
      .outputs = outputs,
      .run = combine,
  });
  types.push_back({
      .class_name = "ConditioningAverage",
      .display_name = "Conditioning (Average)",
      .category = "model/conditioning",
      .description = "Between two prompts.",
      .inputs = {link("conditioning_to", "CONDITIONING"), link("conditioning_from", "CONDITIONING"),
                 real("conditioning_to_strength", 1.0, 0.0, 1.0, 0.01)
                     .tip("1 is conditioning_to alone, 0 conditioning_from alone.")},
      .outputs = outputs,
      .run = average,
  });
  types.push_back({
      .class_name = "ConditioningConcat",
      .display_name = "Conditioning (Concat)",
      .category = "model/conditioning",
      .description = "One prompt's tokens after the other's.",
      .inputs = {link("conditioning_to", "CONDITIONING"),
                 link("conditioning_from", "CONDITIONING")},
      .outputs = outputs,
      .run = concat,
  });
  types.push_back({
      .class_name = "ConditioningSetTimestepRange",
      .display_name = "ConditioningSetTimestepRange",
      .category = "model/conditioning",
      .description = "A prompt for a part of sampling only.",
      .inputs = {link("conditioning", "CONDITIONING"),
                 real("start", 0.0, 0.0, 1.0, 0.001).tip("0 is noise."),
                 real("end", 1.0, 0.0, 1.0, 0.001).tip("1 is the picture.")},
      .outputs = outputs,
      .run = set_timestep_range,
  });
  types.push_back({
      .class_name = "ConditioningSetAreaStrength",
      .display_name = "ConditioningSetAreaStrength",
      .category = "model/conditioning",
      .description = "The weight of a prompt among those it is combined with.",
      .inputs = {link("conditioning", "CONDITIONING"), real("strength", 1.0, 0.0, 10.0, 0.01)},
      .outputs = outputs,
      .run = set_strength,
  });
  types.push_back({
      .class_name = "ConditioningZeroOut",
      .display_name = "ConditioningZeroOut",
      .category = "model/conditioning",
      .description = "The same conditioning with every number zero.",
      .inputs = {link("conditioning", "CONDITIONING")},
      .outputs = outputs,
      .is_core = false,
      .run = zero_out,
  });
}

}  // namespace zanime::nodes
