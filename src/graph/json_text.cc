#include "graph/json_text.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text/quoted.h"
#include "base/text/utf16.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMaxBytes = size_t{32} << 20;
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxKeys = 20000;
constexpr size_t kMaxValues = 1000000;

// Builds the value from the parser's events. nlohmann's own builder looks through all members of an
// object for each new key; this one knows the keys by a hash.
class Builder : public nlohmann::json_sax<ordered_json> {
 public:
  explicit Builder(const std::string& source) : source_(source) {}

  ordered_json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // JSON text has none
  bool start_object(size_t) override { return open(ordered_json::object()); }
  bool start_array(size_t) override { return open(ordered_json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    if (level.keys.size() == kMaxKeys) {
      fail("an object with more than " + std::to_string(kMaxKeys) + " keys; no graph needs that");
    }
    if (!level.keys.insert(name).second) {
      fail("the key " + text::quoted(name) +
           " stands twice in one object, so it is unclear which one is meant");
    }
    level.key = std::move(name);
    return true;
  }

  bool parse_error(size_t, const std::string&, const ordered_json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
    std::string reason = error.what();
    if (const size_t end = reason.find("] "); end != std::string::npos) reason.erase(0, end + 2);
    fail("not valid JSON: " + reason);
  }

 private:
  // An array or object that is not closed yet.
  struct Level {
    ordered_json value;
    std::unordered_set<std::string> keys = {};
    std::string key = {};  // of the member that comes next
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::kGraph, source_ + ": " + what);
  }

  void count() {
    if (++values_ <= kMaxValues) return;
    fail("more than " + std::to_string(kMaxValues) + " values; no graph needs that");
  }

  bool add(ordered_json value) {
    count();
    put(std::move(value));
    return true;
  }

  void put(ordered_json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (Level& level = levels_.back(); level.value.is_array()) {
      level.value.push_back(std::move(value));
    } else {
      level.value.get_ref<ordered_json::object_t&>().emplace_back(std::move(level.key),
                                                                  std::move(value));
    }
  }

  bool open(ordered_json value) {
    count();
    if (levels_.size() == kMaxDepth) {
      fail("nested more than " + std::to_string(kMaxDepth) + " levels deep; no graph needs that");
    }
    levels_.push_back({std::move(value)});
    return true;
  }

  bool close() {
    ordered_json value = std::move(levels_.back().value);
    levels_.pop_back();
    put(std::move(value));
    return true;
  }

  const std::string& source_;
  ordered_json root_;
  std::vector<Level> levels_;
  size_t values_ = 0;
};

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '+' ||
         c == '.';
}

// NaN, Infinity and -Infinity outside of texts become null.
std::string without_python_numbers(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 64);
  for (size_t i = 0; i < text.size();) {
    const size_t start = i;
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\') ++i;
      }
      i = std::min(i + 1, text.size());
    } else if (is_word_character(text[i])) {
      while (i < text.size() && is_word_character(text[i])) ++i;
      const std::string_view word = text.substr(start, i - start);
      if (word == "NaN" || word == "Infinity" || word == "-Infinity") {
        result += "null";
        continue;
      }
    } else {
      ++i;
    }
    result += text.substr(start, i - start);
  }
  return result;
}

// Editors of some systems write UTF-16. A text of JSON begins with an ASCII character, whose other
// byte is zero.
std::optional<std::string> from_utf16(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  if (bytes.starts_with("\xff\xfe")) return text::utf8_from_utf16(bytes.substr(2), false);
  if (bytes.starts_with("\xfe\xff")) return text::utf8_from_utf16(bytes.substr(2), true);
  if (bytes[0] != '\0' && bytes[1] == '\0') return text::utf8_from_utf16(bytes, false);
  if (bytes[0] == '\0' && bytes[1] != '\0') return text::utf8_from_utf16(bytes, true);
  return std::nullopt;
}

}  // namespace

ordered_json parse_graph_json(std::string_view text, const std::string& source) {
  if (text.size() > kMaxBytes) {
    throw Error(ErrorKind::kGraph, source + ": " + std::to_string(text.size() >> 20) +
                                       " MB are too much for a graph; the limit is 32 MB");
  }
  const std::optional<std::string> converted = from_utf16(text);
  if (converted) text = *converted;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::string plain;
  if (text.find("NaN") != std::string_view::npos ||
      text.find("Infinity") != std::string_view::npos) {
    plain = without_python_numbers(text);
    text = plain;
  }
  Builder builder(source);
  ordered_json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

}  // namespace zanime::graph
