#include "models/model_shapes.h"

#include <charconv>
#include <set>

#include "base/error.h"

namespace zanime::models {

int64_t count_blocks(const checkpoints::ModelWeights& weights, const std::string& stem) {
  const std::string prefix = stem + ".";
  std::set<int64_t> present;
  for (auto it = weights.all().lower_bound(prefix); it != weights.all().end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    int64_t index = 0;
    const char* begin = it->first.data() + prefix.size();
    const char* end = it->first.data() + it->first.size();
    const auto [rest, status] = std::from_chars(begin, end, index);
    if (status == std::errc() && rest != end && *rest == '.' && index >= 0) present.insert(index);
  }
  const auto count = static_cast<int64_t>(present.size());
  if (count > 0 && *present.rbegin() != count - 1) {
    int64_t missing = 0;
    while (present.contains(missing)) ++missing;
    throw Error(ErrorKind::kFile, weights.path().string() + ": '" + prefix +
                                      std::to_string(missing) + "' is missing although '" + prefix +
                                      std::to_string(*present.rbegin()) +
                                      "' is there; the file is incomplete, get it again");
  }
  return count;
}

weights::Weight stack_rows(std::initializer_list<const weights::Weight*> weights,
                           const std::string& name) {
  std::vector<weights::WeightPart> parts;
  std::vector<weights::WeightChange> changes;
  int64_t rows = 0;
  for (const weights::Weight* weight : weights) {
    parts.insert(parts.end(), weight->parts().begin(), weight->parts().end());
    for (weights::WeightChange change : weight->changes()) {
      change.first_row += rows;
      changes.push_back(std::move(change));
    }
    rows += weight->rows();
  }
  const weights::Weight& first = **weights.begin();
  Shape shape = first.shape();
  shape[0] = rows;
  weights::Weight stacked(name, std::move(shape), std::move(parts), first.owner());
  for (weights::WeightChange& change : changes) stacked = stacked.with_change(std::move(change));
  return stacked;
}

}  // namespace zanime::models
