#include "base/text/near_matches.h"

#include <algorithm>
#include <numeric>

#include "base/text/quote.h"

namespace zanime::text {
namespace {

// Longer names are compared by their beginning: the table is quadratic and names come from files.
constexpr size_t kComparedLength = 200;

std::string lower(std::string_view text) {
  std::string result(text.substr(0, kComparedLength));
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> near_matches(std::string_view name, const std::vector<std::string>& names,
                                      size_t count) {
  const std::string wanted = lower(name);
  if (wanted.empty()) return {};
  struct Candidate {
    size_t distance;
    const std::string* name;
  };
  std::vector<Candidate> candidates;
  for (const std::string& known : names) {
    const std::string other = lower(known);
    const bool contains =
        wanted.size() >= 3 && other.size() >= 3 &&
        (other.find(wanted) != std::string::npos || wanted.find(other) != std::string::npos);
    const size_t distance = edit_distance(wanted, other);
    const size_t tolerated = std::max<size_t>(2, std::max(wanted.size(), other.size()) * 2 / 5);
    if (contains) {
      candidates.push_back({distance / 4, &known});
    } else if (distance <= tolerated) {
      candidates.push_back({distance, &known});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.distance < b.distance; });
  std::vector<std::string> result;
  for (const Candidate& candidate : candidates) {
    if (result.size() == count) break;
    result.push_back(*candidate.name);
  }
  return result;
}

std::string list_names(const std::vector<std::string>& names, std::string_view joint) {
  std::string result;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) result += i + 1 == names.size() ? " " + std::string(joint) + " " : ", ";
    result += "`" + names[i] + "`";
  }
  return result;
}

std::string list_some(const std::vector<std::string>& names) {
  constexpr size_t kListed = 5;
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kListed); ++i) {
    list += (i == 0 ? "" : ", ") + quote(names[i]);
  }
  if (names.size() > kListed) list += " and " + std::to_string(names.size() - kListed) + " more";
  return list;
}

}  // namespace zanime::text
