// RegexMatch, RegexExtract and RegexReplace.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "nodes/text/regular_expression.h"

namespace zanime::nodes {
namespace {

RegexOptions options_of(const Arguments& arguments) {
  return {arguments.get<bool>("case_insensitive"), arguments.get<bool>("multiline"),
          arguments.get<bool>("dotall")};
}

// `otherwise` for a pattern that is not a regular expression, as in the reference.
std::vector<Value> unless_bad(const Value& otherwise, const Arguments& arguments,
                              Value (*use)(const RegularExpression&, const Arguments&)) {
  std::unique_ptr<RegularExpression> expression;
  try {
    expression =
        std::make_unique<RegularExpression>(arguments.text("regex_pattern"), options_of(arguments));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage) throw;
    return {otherwise};
  }
  return {use(*expression, arguments)};
}

std::string in_lines(const std::vector<std::string>& texts) {
  std::string out;
  for (size_t i = 0; i < texts.size(); ++i) out += (i > 0 ? "\n" : "") + texts[i];
  return out;
}

// The first match, or one of its groups; nothing for a group that took no part.
Value first_match(const RegularExpression& expression, const std::string& text, size_t group) {
  const std::vector<RegexMatch> found = expression.matches(text, 1);
  if (found.empty() || group > expression.group_count()) return std::string();
  const std::optional<std::string>& part = found.front().groups[group];
  if (!part) return std::monostate{};
  return *part;
}

// Of each match the first group where the pattern has groups, else the whole.
std::string all_matches(const RegularExpression& expression, const std::string& text) {
  const size_t group = expression.group_count() > 0 ? 1 : 0;
  std::vector<std::string> parts;
  for (const RegexMatch& match : expression.matches(text)) {
    parts.push_back(match.groups[group].value_or(""));
  }
  return in_lines(parts);
}

std::string all_groups(const RegularExpression& expression, const std::string& text, size_t group) {
  if (expression.group_count() == 0 || group > expression.group_count()) return "";
  std::vector<std::string> parts;
  for (const RegexMatch& match : expression.matches(text)) {
    if (!match.groups[group]) {
      throw Error(ErrorKind::kGraph, "group " + std::to_string(group) +
                                         " takes no part in one of the matches, so there is "
                                         "nothing to join; let the pattern always match it");
    }
    parts.push_back(*match.groups[group]);
  }
  return in_lines(parts);
}

Value extracted(const RegularExpression& expression, const Arguments& arguments) {
  const std::string& text = arguments.text("string");
  const std::string& mode = arguments.text("mode");
  const auto group = static_cast<size_t>(arguments.integer("group_index"));
  if (mode == "First Match") return first_match(expression, text, 0);
  if (mode == "First Group") return first_match(expression, text, group);
  if (mode == "All Matches") return all_matches(expression, text);
  return all_groups(expression, text, group);
}

std::vector<Value> replace(const Arguments& arguments, NodeContext&) {
  const RegularExpression expression(arguments.text("regex_pattern"), options_of(arguments));
  return {expression.replaced(arguments.text("string"), arguments.text("replace"),
                              static_cast<size_t>(arguments.integer("count")))};
}

std::vector<InputSpec> pattern_inputs() {
  return {multiline_text("string"), multiline_text("regex_pattern")};
}

std::vector<InputSpec> flag_inputs() {
  return {boolean("case_insensitive", true),
          boolean("multiline", false).tip("^ and $ match at every line."),
          boolean("dotall", false).tip("A point matches line ends too.")};
}

}  // namespace

void add_regex_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "RegexMatch",
      .display_name = "Match Text",
      .category = "text",
      .description = "Does a regular expression match somewhere in a text?",
      .inputs = pattern_inputs() + flag_inputs(),
      .outputs = {{"BOOLEAN", "matches"}},
      .is_core = false,
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return unless_bad(false, arguments,
                          [](const RegularExpression& expression, const Arguments& given) -> Value {
                            return !expression.matches(given.text("string"), 1).empty();
                          });
      },
  });
  types.push_back({
      .class_name = "RegexExtract",
      .display_name = "Extract Text",
      .category = "text",
      .description = "What a regular expression matches, or a group of it; in lines where several.",
      .inputs =
          pattern_inputs() +
          std::vector{choice("mode", {"First Match", "All Matches", "First Group", "All Groups"})} +
          flag_inputs() + std::vector{integer("group_index", 1, 0, 100)},
      .outputs = {{"STRING", "STRING"}},
      .is_core = false,
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return unless_bad(std::string(), arguments, extracted);
      },
  });
  std::vector<InputSpec> flags = flag_inputs();
  for (InputSpec& flag : flags) flag.presence = Presence::kOptional;
  types.push_back({
      .class_name = "RegexReplace",
      .display_name = "Replace Text (Regex)",
      .category = "text",
      .description = "A text with what a regular expression matches replaced; \\1 and \\g<name> "
                     "stand for groups.",
      .inputs =
          pattern_inputs() + std::vector{multiline_text("replace")} + flags +
          std::vector{
              integer("count", 0, 0, 100).tip("Replacements at most; 0 replaces all.").optional()},
      .outputs = {{"STRING", "STRING"}},
      .is_core = false,
      .run = replace,
  });
}

}  // namespace zanime::nodes
