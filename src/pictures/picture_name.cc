#include "pictures/picture_name.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "pictures/name_words.h"

namespace zanime::pictures {
namespace {

// Far from where counting on would overflow.
constexpr int64_t kHighestNumber = 999'999'999'999;

// The number of "prefix_00012_.png"; nothing for names of another form.
std::optional<int64_t> number_of(std::string_view name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  if (!name.starts_with('_')) return std::nullopt;
  name.remove_prefix(1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || number < 0 || number > kHighestNumber) return std::nullopt;
  const bool ends_there = end == name.data() + name.size() || *end == '_';
  return ends_there ? std::optional(number) : std::nullopt;
}

struct Numbered {
  std::filesystem::path path;
  int64_t number = 0;
};

Numbered next_name(const std::filesystem::path& folder, const std::string& prefix,
                   const NameFacts& facts, std::string_view extension, int64_t minimum) {
  if (prefix.find('\0') != std::string::npos) {
    throw Error(ErrorKind::kUsage, "filename_prefix holds a NUL character, which no name can have");
  }
  std::string filled = fill_in_words(prefix, [&](const std::string& word) {
    if (word == "width") return std::optional(std::to_string(facts.width));
    if (word == "height") return std::optional(std::to_string(facts.height));
    return time_word(word);
  });
  // Graphs made under Windows separate folders by a backslash.
  std::replace(filled.begin(), filled.end(), '\\', '/');
  std::filesystem::path relative = std::filesystem::path(filled).lexically_normal();
  if (relative.is_absolute() || (!relative.empty() && *relative.begin() == "..")) {
    throw Error(ErrorKind::kUsage, "filename_prefix '" + prefix + "' leads out of the folder " +
                                       folder.string() + "; give a name without .. and leading /");
  }
  if (!relative.has_filename()) relative = relative.parent_path();  // "night/" is named as "night"
  const std::filesystem::path place = folder / relative.parent_path();
  const std::string name =
      fill_in_words(relative.filename().string(), [&](const std::string& word) {
        return word == "batch_num" ? std::optional(std::to_string(facts.batch_index))
                                   : std::nullopt;
      });
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
  return {place / (name + "_" + digits + "_" + std::string(extension)), highest + 1};
}

}  // namespace

std::filesystem::path next_picture_name(const std::filesystem::path& folder,
                                        const std::string& prefix, const NameFacts& facts) {
  return next_name(folder, prefix, facts, ".png", 1).path;
}

std::filesystem::path save_numbered(
    const std::filesystem::path& folder, const std::string& prefix, const NameFacts& facts,
    std::string_view extension, const std::function<bool(const std::filesystem::path&)>& write) {
  // Another process may take a name between the look and the writing; and a name may be taken whose
  // number is too high to be counted.
  for (int64_t minimum = 1;;) {
    const Numbered next = next_name(folder, prefix, facts, extension, minimum);
    std::error_code error;
    std::filesystem::create_directories(next.path.parent_path(), error);
    if (error) {
      throw Error(ErrorKind::kResource, next.path.parent_path().string() +
                                            ": cannot make this folder: " + error.message());
    }
    if (write(next.path)) return next.path;
    minimum = next.number + 1;
  }
}

std::filesystem::path save_numbered(const std::filesystem::path& folder, const std::string& prefix,
                                    const NameFacts& facts, std::string_view extension,
                                    std::span<const std::byte> bytes) {
  return save_numbered(folder, prefix, facts, extension, [&](const std::filesystem::path& path) {
    files::AtomicFile file(path, bytes.size());
    file.write_at(0, bytes);
    return file.commit_new();
  });
}

}  // namespace zanime::pictures
