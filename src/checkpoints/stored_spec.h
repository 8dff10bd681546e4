// The widths of a network, read off the shapes of its tensors.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/shape.h"
#include "checkpoints/architectures.h"
#include "checkpoints/model_weights.h"
#include "weights/weight.h"

namespace zanime::checkpoints {

// More layers than any model has: a number like this comes from damage.
constexpr int64_t kMaxLayers = 1000;

// By canonical name without prefix (canonical.h).
using StoredShapes = std::map<std::string, Shape, std::less<>>;

StoredShapes shapes_of(const std::map<std::string, weights::Weight>& weights);

// Each width comes from one tensor that tells it. Where that is missing, the width of the released
// model stays: what is missing or contradicts the rest shows when network_tensors() of the result
// is held against the file. There is at least one layer and one refiner of each kind.
// Throw Error(kFile) for layer numbers that no model has.
DitSpec stored_dit_spec(const StoredShapes& shapes);
Qwen3Spec stored_qwen3_spec(const StoredShapes& shapes);
AutoencoderSpec stored_autoencoder_spec(const StoredShapes& shapes);
ControlSpec stored_control_spec(const StoredShapes& shapes);

// The same for a network that is to run, whose tensors are all there. Throw Error(kFile) also for
// widths that contradict one another.
DitSpec stored_dit_spec(const ModelWeights& weights);
Qwen3Spec stored_qwen3_spec(const ModelWeights& weights);
ControlSpec stored_control_spec(const ModelWeights& weights);

}  // namespace zanime::checkpoints
