// Prompts that differ from picture to picture: alternatives and wildcards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace zanime::engine {

// A draw's source. The sequence is the same on every machine and for every version: SplitMix64
// (Steele, Lea, Flood 2014), whose neighbouring seeds have nothing in common.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  double draw();  // in [0, 1)

 private:
  uint64_t state_;
};

// The files that __name__ stands for: a line each for what may be put there. Empty lines and those
// that begin with # do not count; a line may begin with a weight, and hold alternatives and
// wildcards itself.
class Wildcards {
 public:
  // Looks for `name.txt` in each folder in turn; names may lead to subfolders.
  explicit Wildcards(std::vector<std::filesystem::path> folders = {})
      : folders_(std::move(folders)) {}

  // ZANIME_WILDCARDS_DIR; else those that exist of `wildcards` in the models root, beside it, and
  // in the current folder. An explicit choice (`--wildcards`) goes before all.
  static std::vector<std::filesystem::path> default_folders(
      const std::filesystem::path& models_root);

  // At least one line. Throws Error(kFile) for a name that no folder has (with the folders and near
  // names) and for a file that cannot be read, has no line, or is not UTF-8.
  const std::vector<std::string>& lines(const std::string& name);

 private:
  std::vector<std::string> names() const;

  std::vector<std::filesystem::path> folders_;
  std::map<std::string, std::vector<std::string>> read_;
};

// What is wrong with the braces of a prompt, as a sentence that goes on after "the prompt"; empty
// when all is well.
std::string problem_of_braces(const std::string& prompt);

// One of the prompts that `prompt` stands for:
// - `{red|blue} hair`: one of the alternatives, which may be empty and may hold others.
// - `{3::red|blue}`: red three times as often; a weight is 1 where it is not given.
// - `{2$$a|b|c}`: two different ones, in any order, with a comma between; `{1-3$$a|b|c}`: one to
//   three; `{2$$ and $$a|b|c}`: with a joint of one's own.
// - `__name__`: a line of a wildcard file.
// - `\{`, `\}`, `\|` and `\__` are meant as they are.
// Throws Error(kUsage) for braces that do not match and for a result beyond all measure, and what
// Wildcards::lines throws.
std::string expand_prompt(const std::string& prompt, Dice& dice, Wildcards& wildcards);

}  // namespace zanime::engine
