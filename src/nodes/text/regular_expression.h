// Regular expressions with the results of Python's `re`, by PCRE2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zanime::nodes {

struct RegexOptions {
  bool ignore_case = false;
  bool multiline = false;  // ^ and $ at every line
  bool dot_all = false;    // . matches line ends too
};

// The whole match first, then the groups; a group that took no part is empty-handed.
struct RegexMatch {
  size_t begin = 0, end = 0;  // bytes
  std::vector<std::optional<std::string>> groups;
};

class RegularExpression {
 public:
  // Throws Error(kUsage) for a pattern that is not one, saying where and why.
  RegularExpression(const std::string& pattern, const RegexOptions& options);
  ~RegularExpression();
  RegularExpression(const RegularExpression&) = delete;
  RegularExpression& operator=(const RegularExpression&) = delete;

  size_t group_count() const;
  // Up to `count` matches, from left to right, without overlap; 0: all. An empty match may follow a
  // match directly, as in Python since 3.7. Throws Error(kResource) where a pattern takes too many
  // steps.
  std::vector<RegexMatch> matches(const std::string& text, size_t count = 0) const;
  // The text with up to `count` matches (0: all) replaced by a template in which \1 and \g<name>
  // stand for groups and \n, \t for characters. Throws Error(kUsage) for a bad template.
  std::string replaced(const std::string& text, const std::string& replacement,
                       size_t count = 0) const;

 private:
  struct Code;
  std::string expanded(const std::string& replacement, const RegexMatch& match) const;
  size_t group_number(const std::string& name) const;

  std::unique_ptr<Code> code_;
};

}  // namespace zanime::nodes
