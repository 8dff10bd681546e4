#include "models/tokenizer_vocabulary.h"

#include "base/error.h"

// The linker takes the file as it is: no array of a million literals to compile, nothing to find
// at run time. scripts/make_vocabulary.py describes the layout.
asm(R"(
    .pushsection .rodata
    .global zanime_qwen2_vocabulary
    .global zanime_qwen2_vocabulary_end
zanime_qwen2_vocabulary:
    .incbin ")" ZANIME_QWEN2_VOCABULARY R"("
zanime_qwen2_vocabulary_end:
    .popsection
)");

extern "C" {
extern const char zanime_qwen2_vocabulary[];
extern const char zanime_qwen2_vocabulary_end[];
}

namespace zanime::models {
namespace {

constexpr uint32_t kSlots = 1u << 19;  // keeps the table under a third full

// FNV-1a, folded to the table's size.
uint32_t slot_of(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3u;
  }
  return static_cast<uint32_t>(hash ^ (hash >> 32)) & (kSlots - 1);
}

}  // namespace

TokenizerVocabulary::TokenizerVocabulary()
    : text_(zanime_qwen2_vocabulary + kSize), offsets_(kSize + 1), slots_(kSlots) {
  for (int32_t id = 0; id < kSize; ++id) {
    const size_t length = static_cast<uint8_t>(zanime_qwen2_vocabulary[id]);
    offsets_[id + 1] = offsets_[id] + static_cast<uint32_t>(length);
    if (length > longest_) longest_ = length;
  }
  if (text_ + offsets_[kSize] != zanime_qwen2_vocabulary_end) {
    throw Error(ErrorKind::kInternal, "the vocabulary linked into the program is damaged");
  }
  for (int32_t id = 0; id < kSize; ++id) {
    uint32_t slot = slot_of(bytes(id));
    while (slots_[slot] != 0) slot = (slot + 1) & (kSlots - 1);
    slots_[slot] = static_cast<uint32_t>(id) + 1;
  }
}

std::optional<int32_t> TokenizerVocabulary::find(std::string_view wanted) const {
  if (wanted.empty() || wanted.size() > longest_) return std::nullopt;
  for (uint32_t slot = slot_of(wanted); slots_[slot] != 0; slot = (slot + 1) & (kSlots - 1)) {
    const auto id = static_cast<int32_t>(slots_[slot] - 1);
    if (bytes(id) == wanted) return id;
  }
  return std::nullopt;
}

}  // namespace zanime::models
