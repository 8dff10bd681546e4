#include "checkpoints/merge.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text/quote.h"
#include "weights/weight_delta.h"

namespace zanime::checkpoints {
namespace {

void check_same_shape(const ModelWeights& first, const weights::Weight& one,
                      const ModelWeights& second, const weights::Weight& two) {
  if (one.shape() == two.shape()) return;
  throw Error(ErrorKind::kFile, second.path().string() + ": tensor " + text::quote(two.name()) +
                                    " has the shape " + two.shape().to_string() + ", and in " +
                                    first.path().string() + " it has " + one.shape().to_string() +
                                    "; only models of the same widths can be merged");
}

// + strength * other, a weight of the same shape
weights::WeightChange addition(const weights::Weight& other, double strength) {
  auto delta = std::make_shared<weights::WeightDelta>();
  delta->value = weights::FullDelta{other};
  return {std::move(delta), 0, other.rows(), static_cast<float>(strength), nullptr};
}

}  // namespace

ModelWeights merged(const ModelWeights& first, const ModelWeights& second, double of_first,
                    double of_second) {
  std::map<std::string, weights::Weight> sums;
  for (const auto& [name, weight] : first.all()) {
    const auto other = second.all().find(name);
    if (other == second.all().end() || name.ends_with("pad_token")) {
      sums.emplace(name, weight);
      continue;
    }
    check_same_shape(first, weight, second, other->second);
    weights::WeightChange change = addition(other->second, of_second);
    if (of_first != 1.0) {
      const auto rows = static_cast<size_t>(weight.rows());
      auto factors = std::make_shared<weights::Magnitude>();
      factors->weight.assign(rows, static_cast<float>(of_first));
      factors->delta.assign(rows, 1.0f);
      change.magnitude = std::move(factors);
    }
    sums.emplace(name, weight.with_change(std::move(change)));
  }
  return {first.path(), std::move(sums)};
}

ModelWeights moved_towards(const ModelWeights& weights, const ModelWeights& base,
                           const ModelWeights& target, double strength) {
  std::map<std::string, weights::Weight> moved;
  for (const auto& [name, weight] : weights.all()) {
    const auto from = base.all().find(name), to = target.all().find(name);
    if (from == base.all().end() || to == target.all().end()) {
      moved.emplace(name, weight);
      continue;
    }
    check_same_shape(weights, weight, base, from->second);
    check_same_shape(weights, weight, target, to->second);
    moved.emplace(name, weight.with_change(addition(to->second, strength))
                            .with_change(addition(from->second, -strength)));
  }
  return {weights.path(), std::move(moved)};
}

}  // namespace zanime::checkpoints
