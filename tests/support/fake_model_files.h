// A models folder that exists only in memory.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "nodes/node_context.h"

namespace zanime::testing {

class FakeModelFiles : public nodes::ModelFiles {
 public:
  using Folders = std::map<std::string, std::vector<std::string>>;
  explicit FakeModelFiles(Folders names) : names_(std::move(names)) {}

  std::vector<std::string> list(const std::string& folder) const override {
    const auto found = names_.find(folder);
    return found == names_.end() ? std::vector<std::string>{} : found->second;
  }
  std::filesystem::path find(const std::string& folder, const std::string& name) const override {
    const std::vector<std::string> names = list(folder);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw Error(ErrorKind::kFile, name + " is not in " + folder);
    }
    return std::filesystem::path("/models") / folder / name;
  }

 private:
  Folders names_;
};

}  // namespace zanime::testing
