#include "checkpoints/model_weights.h"

#include "base/error.h"
#include "base/text/quote.h"

namespace zanime::checkpoints {

const weights::Weight& ModelWeights::get(const std::string& name) const {
  const auto found = weights_.find(name);
  if (found == weights_.end()) {
    throw Error(ErrorKind::kFile,
                path_.string() + ": tensor " + text::quote(name) + " is missing (the model has " +
                    std::to_string(weights_.size()) +
                    " others); the file is incomplete or of another kind of model");
  }
  return found->second;
}

const weights::Weight& ModelWeights::get(const std::string& name, const Shape& shape) const {
  const weights::Weight& weight = get(name);
  if (weight.shape() != shape) {
    throw Error(ErrorKind::kFile,
                path_.string() + ": tensor " + text::quote(name) + " has the shape " +
                    weight.shape().to_string() + " where " + shape.to_string() +
                    " is needed; the file is damaged or of another kind of model");
  }
  return weight;
}

}  // namespace zanime::checkpoints
