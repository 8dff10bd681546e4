#include "pictures/picture_name.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace zanime::pictures {
namespace {

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (size_t i = text.find(what); i != std::string::npos; i = text.find(what, i + by.size())) {
    text.replace(i, what.size(), by);
  }
  return text;
}

std::string two_digits(int number) {
  std::string digits = std::to_string(number);
  return digits.size() < 2 ? "0" + digits : digits;
}

std::string expand_variables(std::string prefix, int64_t width, int64_t height) {
  if (prefix.find('%') == std::string::npos) return prefix;
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  prefix = replaced(std::move(prefix), "%width%", std::to_string(width));
  prefix = replaced(std::move(prefix), "%height%", std::to_string(height));
  prefix = replaced(std::move(prefix), "%year%", std::to_string(local.tm_year + 1900));
  prefix = replaced(std::move(prefix), "%month%", two_digits(local.tm_mon + 1));
  prefix = replaced(std::move(prefix), "%day%", two_digits(local.tm_mday));
  prefix = replaced(std::move(prefix), "%hour%", two_digits(local.tm_hour));
  prefix = replaced(std::move(prefix), "%minute%", two_digits(local.tm_min));
  return replaced(std::move(prefix), "%second%", two_digits(local.tm_sec));
}

// The number of "prefix_00012_.png"; nothing for names of another form.
std::optional<int64_t> number_of(std::string_view name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  if (!name.starts_with('_')) return std::nullopt;
  name.remove_prefix(1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || number < 0 || number > 999'999'999'999) return std::nullopt;
  const bool ends_there = end == name.data() + name.size() || *end == '_';
  return ends_there ? std::optional(number) : std::nullopt;
}

}  // namespace

std::filesystem::path next_picture_name(const std::filesystem::path& folder,
                                        const std::string& prefix, int64_t width, int64_t height,
                                        int batch_index, int64_t minimum) {
  if (prefix.find('\0') != std::string::npos) {
    throw Error(ErrorKind::kUsage, "filename_prefix holds a NUL character, which no name can have");
  }
  std::filesystem::path relative =
      std::filesystem::path(expand_variables(prefix, width, height)).lexically_normal();
  if (relative.is_absolute() || (!relative.empty() && *relative.begin() == "..")) {
    throw Error(ErrorKind::kUsage, "filename_prefix '" + prefix + "' leads out of the folder " +
                                       folder.string() + "; give a name without .. and leading /");
  }
  if (!relative.has_filename()) relative = relative.parent_path();  // "night/" is named as "night"
  const std::filesystem::path place = folder / relative.parent_path();
  const std::string name =
      replaced(relative.filename().string(), "%batch_num%", std::to_string(batch_index));
  int64_t highest = minimum - 1;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(place, error), end; !error && entry != end;
       entry.increment(error)) {
    highest = std::max(highest, number_of(entry->path().filename().string(), name).value_or(0));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(ErrorKind::kResource,
                place.string() + ": cannot look for the names in use there: " + error.message());
  }
  std::string digits = std::to_string(highest + 1);
  if (digits.size() < 5) digits.insert(0, 5 - digits.size(), '0');
  return place / (name + "_" + digits + "_.png");
}

}  // namespace zanime::pictures
