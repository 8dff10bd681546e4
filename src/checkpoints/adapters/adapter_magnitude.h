// DoRA: the magnitudes of a changed weight's rows or columns (Liu et al. 2024, arXiv 2402.09353).
#pragma once

#include <memory>
#include <vector>

#include "weights/weight.h"

namespace zanime::checkpoints {

struct DoraScale {
  std::vector<float> values;  // the magnitudes that rows or columns are given
  bool per_row = true;
  // The length that `values` are divided by is that of the changed weight, as the paper has it, or
  // that of the weight before. LyCORIS files are read the second way for rows, as ComfyUI does.
  bool of_changed_weight = true;
};

// The factors for `change` (without magnitude so far; its strength is that of the full effect) on
// `weight`, earlier changes included, when `strength` of the effect is wanted. Reads the changed
// rows once.
std::shared_ptr<const weights::Magnitude> dora_magnitude(const weights::Weight& weight,
                                                         const weights::WeightChange& change,
                                                         const DoraScale& scale, double strength);

}  // namespace zanime::checkpoints
