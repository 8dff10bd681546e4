// The weights of one network under canonical (ComfyUI) names, whatever layout the file uses.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "base/shape.h"
#include "weights/weight.h"

namespace zanime::checkpoints {

class ModelWeights {
 public:
  ModelWeights(std::filesystem::path path, std::map<std::string, weights::Weight> weights)
      : path_(std::move(path)), weights_(std::move(weights)) {}

  const std::filesystem::path& path() const { return path_; }
  bool has(const std::string& name) const { return weights_.contains(name); }
  // Throws Error(kFile) naming the file and the tensor when it is missing.
  const weights::Weight& get(const std::string& name) const;
  // The same, and throws Error(kFile) with both shapes when the shape is not `shape`.
  const weights::Weight& get(const std::string& name, const Shape& shape) const;
  const std::map<std::string, weights::Weight>& all() const { return weights_; }

 private:
  std::filesystem::path path_;
  std::map<std::string, weights::Weight> weights_;
};

}  // namespace zanime::checkpoints
