#include "models/conv_layers.h"

#include "base/error.h"

namespace zanime::models {

ops::Conv2d load_conv(const checkpoints::ModelWeights& weights, const std::string& name) {
  ops::Conv2d conv;
  conv.weight = weights.get(name + ".weight");
  const Shape& shape = conv.weight.shape();
  if (shape.rank() != 4 || shape.size() == 0 || shape[2] != 3 || shape[3] != 3) {
    throw Error(ErrorKind::kFile, weights.path().string() + ": tensor '" + name +
                                      ".weight' has shape " + shape.to_string() +
                                      "; a 3 x 3 convolution [out, in, 3, 3] was expected");
  }
  conv.bias = weights.get(name + ".bias", {shape[0]});
  return conv;
}

ops::Linear load_pointwise(const checkpoints::ModelWeights& weights, const std::string& name) {
  ops::Linear linear;
  linear.weight = weights.get(name + ".weight");
  linear.bias = weights.get(name + ".bias", {linear.weight.rows()});
  linear.keeps_float32 = true;
  return linear;
}

}  // namespace zanime::models
