#include "models/control_branch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/error.h"
#include "checkpoints/stored_spec.h"
#include "models/patches.h"
#include "weights/weight_values.h"

namespace zanime::models {
namespace {

constexpr int64_t kHintPatch = 2;
// The branch's layers stand beside every so many layers of a diffusion model with this many.
constexpr double kModelLayers = 30.0;

bool is_zero(const weights::Weight& weight) {
  std::vector<float> row(static_cast<size_t>(weight.columns()));
  for (int64_t i = 0; i < weight.rows(); ++i) {
    weights::rows_to_float32(weight, i, 1, row.data());
    if (std::any_of(row.begin(), row.end(), [](float value) { return value != 0.0f; })) {
      return false;
    }
  }
  return true;
}

}  // namespace

ControlBranch::ControlBranch(const checkpoints::ModelWeights& weights)
    : spec_(checkpoints::stored_control_spec(weights)) {
  embedder_ = load_linear(weights, "control_all_x_embedder.2-1", spec_.dim,
                          kHintPatch * kHintPatch * spec_.channels, true);
  // What comes in: all errors inside are smaller than one made here.
  embedder_.keeps_float32 = true;
  refiners_ = load_blocks(weights, "control_noise_refiner", spec_.refiners, spec_.refines_picture);
  layers_ = load_blocks(weights, "control_layers", spec_.layers, true);
  refines_by_layers_ = spec_.refines_picture && is_zero(refiners_.front().after.weight);
}

std::vector<ControlBranch::Block> ControlBranch::load_blocks(
    const checkpoints::ModelWeights& weights, const std::string& stem, int64_t count,
    bool gives_changes) const {
  std::vector<Block> blocks;
  for (int64_t i = 0; i < count; ++i) {
    const std::string name = stem + "." + std::to_string(i);
    Block& block = blocks.emplace_back();
    block.inner = load_dit_block(weights, name, widths_of(spec_), /*modulated=*/true);
    if (!gives_changes) continue;
    if (i == 0)
      block.before = load_linear(weights, name + ".before_proj", spec_.dim, spec_.dim, true);
    block.after = load_linear(weights, name + ".after_proj", spec_.dim, spec_.dim, true);
  }
  return blocks;
}

ops::Activation ControlBranch::embed(const Tensor& hint, ops::Backend& backend) const {
  const Tensor patches =
      patchify(hint, kHintPatch, hint.dim(2) / kHintPatch, hint.dim(3) / kHintPatch);
  return backend.linear(backend.upload(patches), embedder_);
}

ControlWalk::ControlWalk(const AppliedControl& control, const ops::Activation& time,
                         const ops::RopeTable& rope, ops::Backend& backend)
    : branch_(*control.branch), control_(control), time_(time), rope_(rope), backend_(backend) {
  start();
}

void ControlWalk::start() {
  hint_ = control_.tokens;
  if (branch_.spec_.refines_picture) return;
  // Version 1's refiners see the hint alone. They change it in place, and the tokens serve all
  // steps: a copy.
  hint_ = backend_.join_rows(std::array{hint_});
  for (const ControlBranch::Block& block : branch_.refiners_) {
    run_dit_block(block.inner, widths_of(branch_.spec_), hint_, time_, rope_, backend_);
  }
}

ops::Activation ControlWalk::before_refiner(size_t index, const ops::Activation& image) {
  if (control_.starts_anew && index == 1) start();
  if (!branch_.spec_.refines_picture) return {};
  if (!branch_.refines_by_layers_) {
    return index < branch_.refiners_.size() ? step(branch_.refiners_[index], image, 0)
                                            : ops::Activation();
  }
  // The first layer stands beside the first refiner and all others beside the second, which gets
  // what the first of them changes.
  if (index == 0) return step(branch_.layers_.front(), image, 0);
  ops::Activation change;
  if (index > 1) return change;
  for (size_t i = 1; i < branch_.layers_.size(); ++i) {
    ops::Activation next = step(branch_.layers_[i], image, 0);
    if (i == 1) change = std::move(next);
  }
  return change;
}

ops::Activation ControlWalk::before_layer(size_t index, const ops::Activation& x, int64_t first) {
  const auto count = branch_.layers_.size();
  if (control_.starts_anew && index == 0) step(branch_.layers_.back(), x, first);
  // Half to even, as the versions' numbers of layers were chosen for.
  const auto stride =
      static_cast<size_t>(std::max(1.0, std::nearbyint(kModelLayers / static_cast<double>(count))));
  if (index % stride != 0 || index / stride >= count) return {};
  return step(branch_.layers_[index / stride], x, first);
}

ops::Activation ControlWalk::image_rows(const ops::Activation& x, int64_t item,
                                        int64_t first) const {
  const int64_t tokens = x.dim(1), dim = x.dim(2);
  return x.reshaped({x.dim(0) * tokens, dim}).rows(item * tokens + first, hint_.dim(1));
}

ops::Activation ControlWalk::step(const ControlBranch::Block& block, const ops::Activation& x,
                                  int64_t first) {
  expect_dit_block(block.inner, backend_);
  if (!block.before.weight.empty()) {
    const int64_t batch = x.dim(0), tokens = hint_.dim(1), dim = hint_.dim(2);
    std::vector<ops::Activation> images;
    for (int64_t item = 0; item < batch; ++item) {
      images.push_back(image_rows(x, item, first).reshaped({int64_t{1}, tokens, dim}));
    }
    ops::Activation mixed = backend_.join_rows(images).reshaped({batch, tokens, dim});
    for (int64_t item = 0; item < batch; ++item) {
      ops::Activation part = mixed.rows(item, 1);
      const int64_t own = hint_.dim(0) == 1 ? 0 : item;
      backend_.linear_add_inplace(part, hint_.rows(own, 1), block.before);
    }
    hint_ = std::move(mixed);
  }
  run_dit_block(block.inner, widths_of(branch_.spec_), hint_, time_, rope_, backend_);
  return backend_.linear(hint_, block.after);
}

void ControlWalk::add(const ops::Activation& change, ops::Activation& x, int64_t first) const {
  if (change.empty()) return;
  for (int64_t item = 0; item < x.dim(0); ++item) {
    ops::Activation rows = image_rows(x, item, first);
    backend_.add_inplace(rows, change.rows(change.dim(0) == 1 ? 0 : item, 1), control_.strength);
  }
}

}  // namespace zanime::models
