#include "weights/weight_file.h"

#include "base/error.h"
#include "base/text/quote.h"
#include "weights/value_conversion.h"

namespace zanime::weights {

const TensorEntry* WeightFile::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const TensorEntry& WeightFile::get(std::string_view name) const {
  if (const TensorEntry* entry = find(name)) return *entry;
  std::string message = "has no tensor " + text::quote(name) + "; it has ";
  size_t listed = 0;
  for (const auto& [other, entry] : tensors_) {
    if (listed == 8) {
      message += " and " + std::to_string(tensors_.size() - listed) + " more";
      break;
    }
    message += (listed++ == 0 ? "" : ", ") + text::quote(other);
  }
  throw Error(ErrorKind::kFile, path_.string() + ": " + message + (listed == 0 ? "none" : ""));
}

Tensor WeightFile::read_float32(std::string_view name) const {
  const TensorEntry& entry = get(name);
  Tensor result(entry.shape);
  convert_to_float32(entry.data, entry.dtype, entry.shape.size(), result.data());
  return result;
}

}  // namespace zanime::weights
