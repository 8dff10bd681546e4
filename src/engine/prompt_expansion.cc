#include "engine/prompt_expansion.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/environment.h"
#include "base/error.h"
#include "base/files/folders.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"
#include "base/text/utf8.h"

namespace zanime::engine {
namespace fs = std::filesystem;
namespace {

constexpr int kDeepestNesting = 64;
constexpr int kDeepestWildcards = 16;
// A few lines that name one another can stand for more text than there is memory.
constexpr size_t kMaxExpandedBytes = 100'000;
constexpr int kMaxDraws = 10'000;
constexpr uintmax_t kMaxFileBytes = uintmax_t{64} << 20;
constexpr std::string_view kMark = "__";
constexpr size_t kLongestName = 200;
constexpr std::string_view kExtension = ".txt";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Length of what a backslash at `i` makes literal, 0 where it is a backslash like any other (as in
// `\(`, which other programs use for parentheses).
size_t escaped_length(std::string_view text, size_t i) {
  if (text[i] != '\\' || i + 1 >= text.size()) return 0;
  const char next = text[i + 1];
  if (next == '{' || next == '}' || next == '|') return 1;
  return text.substr(i + 1).starts_with(kMark) ? kMark.size() : 0;
}

bool may_stand_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '/' || c == '.' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

// The name of the wildcard that begins at `i`. Nothing for underscores that mean themselves, as in
// `^__^` or `a__b`.
std::string_view wildcard_name(std::string_view text, size_t i) {
  if (!text.substr(i).starts_with(kMark)) return {};
  const size_t start = i + kMark.size();
  const size_t end = text.find(kMark, start + 1);
  if (end == std::string_view::npos || end - start > kLongestName || text[start] == '_') return {};
  const std::string_view name = text.substr(start, end - start);
  return std::all_of(name.begin(), name.end(), may_stand_in_name) ? name : std::string_view{};
}

// Position of the brace that closes the one at `open`; npos without.
size_t closing_brace(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (const size_t skipped = escaped_length(text, i); skipped > 0) {
      i += skipped;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

// The parts between the bars that stand in no inner braces.
std::vector<std::string_view> split_at_bars(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (const size_t skipped = escaped_length(text, i); skipped > 0) {
      i += skipped;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}') {
      --depth;
    } else if (text[i] == '|' && depth == 0) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

struct Choice {
  double weight = 1.0;
  std::string_view text;
};

// "3::red"
Choice parse_choice(std::string_view text) {
  const size_t colons = text.find("::");
  if (colons == std::string_view::npos) return {1.0, text};
  const std::string_view number = trimmed(text.substr(0, colons));
  double weight = 0.0;
  const char* end = number.data() + number.size();
  const bool begins_well =
      !number.empty() && ((number[0] >= '0' && number[0] <= '9') || number[0] == '.');
  if (!begins_well) return {1.0, text};
  const auto [rest, error] = std::from_chars(number.data(), end, weight, std::chars_format::fixed);
  if (error != std::errc() || rest != end) return {1.0, text};
  return {weight, text.substr(colons + 2)};
}

// How many of the choices to take, and what to put between them.
struct Selection {
  size_t fewest = 1, most = 1;
  std::string_view joint = ", ";
};

std::optional<size_t> parse_count(std::string_view text) {
  size_t count = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  return error == std::errc() && rest == end ? std::optional(count) : std::nullopt;
}

// Takes "2$$", "1-3$$" or "2$$ and $$" off the front.
Selection take_selection(std::string_view& text) {
  constexpr std::string_view kSign = "$$";
  Selection selection;
  const size_t sign = text.find(kSign);
  if (sign == std::string_view::npos) return selection;
  const std::string_view range = trimmed(text.substr(0, sign));
  const size_t dash = range.find('-');
  const auto fewest = parse_count(range.substr(0, dash));
  const auto most = dash == std::string_view::npos ? fewest : parse_count(range.substr(dash + 1));
  if (!fewest || !most || *fewest > *most) return selection;
  selection.fewest = *fewest;
  selection.most = *most;
  text.remove_prefix(sign + kSign.size());
  if (const size_t second = text.find(kSign); second < text.find('|')) {
    selection.joint = text.substr(0, second);
    text.remove_prefix(second + kSign.size());
  }
  return selection;
}

class Expansion {
 public:
  Expansion(Dice& dice, Wildcards& wildcards) : dice_(dice), wildcards_(wildcards) {}

  // `text` has matching braces.
  void expand(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (const size_t escaped = escaped_length(text, i); escaped > 0) {
        append(text.substr(i + 1, escaped));
        i += escaped;
      } else if (text[i] == '{') {
        const size_t close = closing_brace(text, i);
        expand_group(text.substr(i + 1, close - i - 1));
        i = close;
      } else if (const std::string_view name = wildcard_name(text, i); !name.empty()) {
        expand_wildcard(std::string(name));
        i += name.size() + 2 * kMark.size() - 1;
      } else {
        append(text.substr(i, 1));
      }
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void append(std::string_view text) {
    out_ += text;
    if (out_.size() > kMaxExpandedBytes) too_much();
  }

  [[noreturn]] static void too_much() {
    throw Error(ErrorKind::kUsage,
                "the prompt's wildcards stand for too much text: do their files name one another "
                "again and again?");
  }

  // The place of one of the choices, by their weights.
  size_t draw(const std::vector<Choice>& choices) {
    if (++draws_ > kMaxDraws) too_much();
    double total = 0.0;
    for (const Choice& choice : choices) total += choice.weight;
    double left = dice_.draw() * total;
    size_t last = 0;
    for (size_t i = 0; i < choices.size(); ++i) {
      if (choices[i].weight <= 0.0) continue;
      last = i;
      left -= choices[i].weight;
      if (left < 0.0) break;
    }
    return last;
  }

  void expand_group(std::string_view inside) {
    const Selection selection = take_selection(inside);
    std::vector<Choice> choices;
    for (const std::string_view part : split_at_bars(inside)) {
      choices.push_back(parse_choice(part));
    }
    size_t count = selection.fewest;
    if (selection.most > selection.fewest) {
      const auto span = static_cast<double>(std::min(selection.most, choices.size()) -
                                            std::min(selection.fewest, choices.size()) + 1);
      count += static_cast<size_t>(dice_.draw() * span);
    }
    for (size_t taken = 0; taken < count && !choices.empty(); ++taken) {
      if (taken > 0) append(selection.joint);
      const size_t place = draw(choices);
      expand(choices[place].text);
      choices.erase(choices.begin() + static_cast<std::ptrdiff_t>(place));
    }
  }

  void expand_wildcard(const std::string& name) {
    open_.push_back(name);
    if (open_.size() > kDeepestWildcards) {
      std::string chain = open_.front();
      for (size_t i = 1; i < 4; ++i) chain += " -> " + open_[i];
      throw Error(ErrorKind::kUsage, "the wildcards name one another without end: " + chain +
                                         " -> …; break the circle in one of their files");
    }
    const std::vector<std::string>& lines = wildcards_.lines(name);
    std::vector<Choice> choices;
    choices.reserve(lines.size());
    for (const std::string& line : lines) choices.push_back(parse_choice(line));
    const Choice& chosen = choices[draw(choices)];
    if (const std::string problem = problem_of_braces(std::string(chosen.text)); !problem.empty()) {
      throw Error(ErrorKind::kFile, "the wildcard " + text::quoted(name) + " has the line " +
                                        text::quoted(std::string(chosen.text)) + ", which " +
                                        problem);
    }
    expand(chosen.text);
    open_.pop_back();
  }

  Dice& dice_;
  Wildcards& wildcards_;
  std::string out_;
  std::vector<std::string> open_;  // wildcards whose lines are being expanded
  int draws_ = 0;
};

std::vector<std::string> read_lines(const fs::path& path) {
  std::error_code error;
  if (fs::file_size(path, error) > kMaxFileBytes || error) {
    throw Error(ErrorKind::kFile, path.string() + ": is no list of words (64 MiB at most)");
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error(ErrorKind::kFile, path.string() + ": cannot be read");
  if (const size_t invalid = text::invalid_utf8_at(bytes); invalid != std::string::npos) {
    throw Error(ErrorKind::kFile, path.string() + ": is not valid UTF-8 at byte " +
                                      std::to_string(invalid) + "; save it as UTF-8");
  }
  std::string_view text = bytes;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    if (!line.empty() && !line.starts_with('#')) lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (lines.empty()) {
    throw Error(ErrorKind::kFile,
                path.string() + ": has no line to choose; write one alternative a line");
  }
  return lines;
}

std::string list_folders(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::path& folder : folders) {
    names.push_back(fs::absolute(folder, error).lexically_normal().string());
  }
  return text::list_names(names, "or");
}

}  // namespace

double Dice::draw() {
  state_ += 0x9e3779b97f4a7c15u;
  uint64_t bits = state_;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  bits ^= bits >> 31;
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

std::vector<fs::path> Wildcards::default_folders(const fs::path& models_root) {
  if (const std::string chosen = environment_variable("ZANIME_WILDCARDS_DIR"); !chosen.empty()) {
    return {chosen};
  }
  std::error_code error;
  const fs::path root = files::plain_folder(models_root);
  std::vector<fs::path> folders;
  for (const fs::path& folder :
       {root / "wildcards", root.parent_path() / "wildcards", fs::path("wildcards")}) {
    if (fs::is_directory(folder, error)) folders.push_back(folder);
  }
  return folders;
}

std::vector<std::string> Wildcards::names() const {
  std::vector<std::string> names;
  for (const fs::path& folder : folders_) {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().extension() != kExtension) continue;
      names.push_back(
          fs::path(entry->path().lexically_relative(folder)).replace_extension().generic_string());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

const std::vector<std::string>& Wildcards::lines(const std::string& name) {
  if (const auto found = read_.find(name); found != read_.end()) return found->second;
  const fs::path relative(name + std::string(kExtension));
  for (const fs::path& folder : folders_) {
    std::error_code error;
    if (!files::stays_inside(relative) || !fs::is_regular_file(folder / relative, error)) continue;
    return read_.emplace(name, read_lines(folder / relative)).first->second;
  }
  std::string message = "the prompt has the wildcard __" + name + "__, but ";
  if (folders_.empty()) {
    message += "there is no folder with wildcard files";
  } else {
    message += "there is no " + relative.generic_string() + " in " + list_folders(folders_);
  }
  const std::vector<std::string> near = text::near_matches(name, names());
  message += near.empty() ? "." : "; did you mean " + text::list_names(near, "or") + "?";
  throw Error(ErrorKind::kFile,
              message +
                  " Write one alternative a line there, name another folder with --wildcards DIR "
                  "or ZANIME_WILDCARDS_DIR, or put a \\ before the underscores");
}

std::string problem_of_braces(const std::string& prompt) {
  const std::string_view text = prompt;
  std::vector<size_t> open;
  for (size_t i = 0; i < text.size(); ++i) {
    if (const size_t skipped = escaped_length(text, i); skipped > 0) {
      i += skipped;
    } else if (text[i] == '{') {
      open.push_back(i);
      if (open.size() > kDeepestNesting) {
        return "has alternatives within alternatives, more than " +
               std::to_string(kDeepestNesting) + " deep";
      }
    } else if (text[i] == '}') {
      if (open.empty()) {
        return "has a } without a { at character " +
               std::to_string(text::characters_of(text.substr(0, i)) + 1) +
               "; a brace that is meant as such is written \\}";
      }
      open.pop_back();
    }
  }
  if (open.empty()) return "";
  return "has a { without a } at character " +
         std::to_string(text::characters_of(text.substr(0, open.back())) + 1) +
         "; a brace that is meant as such is written \\{";
}

std::string expand_prompt(const std::string& prompt, Dice& dice, Wildcards& wildcards) {
  if (const std::string problem = problem_of_braces(prompt); !problem.empty()) {
    throw Error(ErrorKind::kUsage, "the prompt " + problem);
  }
  Expansion expansion(dice, wildcards);
  expansion.expand(prompt);
  return expansion.take();
}

}  // namespace zanime::engine
