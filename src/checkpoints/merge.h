// Networks made of two others. Both stay in their mapped files: what they make together is computed
// for each block of a weight as it is converted.
#pragma once

#include "checkpoints/model_weights.h"

namespace zanime::checkpoints {

// first * of_first + second * of_second for each tensor that both have, changes that they have
// included; what only `first` has stays as it is, and so do pad tokens, which belong to no layer
// and which ComfyUI leaves out. Throws Error(kFile) naming the tensor and both files where shapes
// differ.
ModelWeights merged(const ModelWeights& first, const ModelWeights& second, double of_first,
                    double of_second);

// weights + strength * (target - base) for each tensor that all three have: `target` as a change of
// `weights`, which may have changes of their own. Throws as merged().
ModelWeights moved_towards(const ModelWeights& weights, const ModelWeights& base,
                           const ModelWeights& target, double strength);

}  // namespace zanime::checkpoints
