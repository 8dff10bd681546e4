// What happens to a prompt's text before merging: well-formed UTF-8, NFC, and the split in words.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace zanime::models {

// `text` with every ill-formed sequence replaced by U+FFFD: one for each maximal part of a valid
// sequence, else one for each byte (Unicode 15, section 3.9, as Python's errors="replace").
std::string repair_utf8(std::string_view text);

// Unicode Normalization Form C of well-formed UTF-8, in O(n log n) also for long runs of
// combining marks.
std::string normalize_nfc(std::string_view text);

// Splits text in the words that are merged separately, by Qwen2's pattern. Thread-safe.
class WordSplitter {
 public:
  WordSplitter();
  ~WordSplitter();
  WordSplitter(const WordSplitter&) = delete;
  WordSplitter& operator=(const WordSplitter&) = delete;

  // Calls `word` for consecutive pieces that together are `text`, which is well-formed UTF-8.
  void split(std::string_view text, const std::function<void(std::string_view)>& word) const;

 private:
  struct Pattern;
  std::unique_ptr<Pattern> pattern_;
};

}  // namespace zanime::models
