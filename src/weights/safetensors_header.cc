#include "weights/safetensors_header.h"

#include <limits>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text/quote.h"

namespace zanime::weights {
namespace {

using nlohmann::json;

// Real headers nest three deep. What nests deeper than this is an attack on the parser.
constexpr int kMaxDepth = 16;
// NumPy's and PyTorch's limit; no model has more than five.
constexpr size_t kMaxRank = 64;

[[noreturn]] void fail(const std::string& message) { throw Error(ErrorKind::kFile, message); }

[[noreturn]] void fail_syntax(size_t position) {
  fail("the header is not valid JSON (near byte " + std::to_string(position) +
       " of it); the file is damaged, download it again");
}

// Builds the header from the parser's events, so that duplicate keys and numbers are seen as they
// are written: a parsed document has lost both.
class HeaderReader final : public nlohmann::json_sax<json> {
 public:
  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { return scalar("null"); }
  bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    if (skipping_ == 0 && (place_ == Place::kShape || place_ == Place::kOffsets)) {
      fail(in_tensor() + "has the negative " + number_role() + " " + std::to_string(value) +
           "; the file is damaged");
    }
    return scalar(std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (skipping_ > 0) return true;
    if (place_ == Place::kShape) {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        fail(in_tensor() + "has the extent " + std::to_string(value) +
             ", which is too large; the file is damaged");
      }
      if (shape_.size() == kMaxRank) {
        fail(in_tensor() + "has more than " + std::to_string(kMaxRank) + " dimensions");
      }
      shape_.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (place_ == Place::kOffsets) {
      offsets_.push_back(value);
      if (offsets_.size() > 2) fail(in_tensor() + "has more than two data_offsets");
      return true;
    }
    return scalar(std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    if (skipping_ == 0 && (place_ == Place::kShape || place_ == Place::kOffsets)) {
      const bool whole = text.find_first_of(".eE") == std::string::npos;
      fail(in_tensor() + "has the " + number_role() + " " + text::quote(text, 40) +
           (whole ? ", which is too large" : ", which is no whole number") +
           "; the file is damaged");
    }
    return scalar(text);
  }
  bool string(string_t& value) override {
    if (skipping_ > 0) return true;
    if (place_ == Place::kMetadata) {
      header_.metadata[key_] = value;
      return true;
    }
    if (place_ == Place::kTensor && field_ == Field::kDType) {
      dtype_ = known_dtype(value);
      return true;
    }
    return scalar(text::quote(value));
  }
  bool binary(binary_t&) override { return false; }  // JSON text has no such value

  bool start_object(std::size_t) override {
    enter();
    if (skipping_ > 0) return true;
    switch (place_) {
      case Place::kStart:
        place_ = Place::kTop;
        return true;
      case Place::kTop:
        keys_.clear();
        if (name_ == "__metadata__") {
          place_ = Place::kMetadata;
        } else {
          place_ = Place::kTensor;
          dtype_.reset();
          shape_.clear();
          offsets_.clear();
        }
        return true;
      default:
        return nested("an object");
    }
  }
  bool end_object() override {
    --depth_;
    if (leave_skipped()) return true;
    if (place_ == Place::kTensor) finish_tensor();
    place_ = place_ == Place::kTop ? Place::kEnd : Place::kTop;
    return true;
  }
  bool start_array(std::size_t) override {
    enter();
    if (skipping_ > 0) return true;
    if (place_ == Place::kTensor && field_ == Field::kShape) {
      place_ = Place::kShape;
      return true;
    }
    if (place_ == Place::kTensor && field_ == Field::kOffsets) {
      place_ = Place::kOffsets;
      return true;
    }
    return nested("an array");
  }
  bool end_array() override {
    --depth_;
    if (leave_skipped()) return true;
    place_ = Place::kTensor;
    return true;
  }
  bool key(string_t& value) override {
    if (skipping_ > 0) return true;
    if (place_ == Place::kTop) {
      if (!names_.insert(value).second) {
        fail("the header names " + text::quote(value) + " twice; the file is damaged");
      }
      name_ = value;
      return true;
    }
    if (!keys_.insert(value).second) {
      fail((place_ == Place::kMetadata ? "the metadata has the key "
                                       : in_tensor() + "has the field ") +
           text::quote(value) + " twice; the file is damaged");
    }
    key_ = value;
    field_ = value == "dtype"          ? Field::kDType
             : value == "shape"        ? Field::kShape
             : value == "data_offsets" ? Field::kOffsets
                                       : Field::kOther;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    fail_syntax(position);
  }

 private:
  enum class Place { kStart, kTop, kMetadata, kTensor, kShape, kOffsets, kEnd };
  enum class Field { kDType, kShape, kOffsets, kOther };

  std::string in_tensor() const { return "tensor " + text::quote(name_) + " "; }
  const char* number_role() const { return place_ == Place::kShape ? "extent" : "data offset"; }

  void enter() {
    if (++depth_ > kMaxDepth) {
      fail("the header nests deeper than " + std::to_string(kMaxDepth) +
           " levels; this is no safetensors file");
    }
    if (skipping_ > 0) ++skipping_;
  }
  // True when the container that just ended belonged to a skipped field.
  bool leave_skipped() {
    if (skipping_ == 0) return false;
    --skipping_;
    return true;
  }
  // An unknown field's value is skipped; anything else does not belong here.
  bool nested(const std::string& what) {
    if (place_ == Place::kTensor && field_ == Field::kOther) {
      skipping_ = 1;
      return true;
    }
    return scalar(what);
  }
  bool scalar(const std::string& found) {
    if (skipping_ > 0) return true;
    switch (place_) {
      case Place::kStart:
        fail("the header is " + found + " instead of a JSON object; this is no safetensors file");
      case Place::kTop:
        fail((name_ == "__metadata__" ? "the metadata is " : in_tensor() + "is described by ") +
             found + " instead of an object; the file is damaged");
      case Place::kMetadata:
        fail("the metadata value of " + text::quote(key_) + " is " + found +
             " instead of a string; the file is damaged");
      case Place::kTensor:
        if (field_ == Field::kOther) return true;
        fail(in_tensor() + "has " + found + " as its " + key_ + "; the file is damaged");
      default:
        fail(in_tensor() + "has " + found + (place_ == Place::kShape ? " as an " : " as a ") +
             number_role() + "; the file is damaged");
    }
  }

  DType known_dtype(const std::string& text) const {
    if (const std::optional<DType> dtype = dtype_from_name(text)) return *dtype;
    // Exponents alone: only scales have this type, and who reads them knows what the bytes mean.
    if (text == "F8_E8M0") return DType::kU8;
    for (const char* unsupported : {"F4", "F6_E2M3", "F6_E3M2", "U16", "U32", "U64", "C64"}) {
      if (text == unsupported) {
        fail(in_tensor() + "has the type " + text +
             ", which is not supported; use a BF16, F16 or F8_E4M3 version of the model");
      }
    }
    fail(in_tensor() + "has the unknown type " + text::quote(text) + "; the file is damaged");
  }

  void finish_tensor() {
    const char* missing = !dtype_ ? "dtype" : !seen("shape") ? "shape" : nullptr;
    if (missing == nullptr && offsets_.size() != 2) missing = "pair of data_offsets";
    if (missing != nullptr) fail(in_tensor() + "has no " + missing + "; the file is damaged");

    // Extents of zero do not excuse others whose product overflows.
    int64_t bytes = dtype_size(*dtype_);
    int64_t magnitude = bytes;
    for (const int64_t extent : shape_) {
      if (__builtin_mul_overflow(magnitude, extent == 0 ? 1 : extent, &magnitude)) {
        fail(in_tensor() + "has the shape " + Shape(shape_).to_string() +
             ", whose size overflows; the file is damaged");
      }
      bytes *= extent;
    }
    const auto [begin, end] = std::pair(offsets_[0], offsets_[1]);
    if (begin > end) {
      fail(in_tensor() + "has reversed data_offsets [" + std::to_string(begin) + ", " +
           std::to_string(end) + "]; the file is damaged");
    }
    if (end - begin != static_cast<uint64_t>(bytes)) {
      fail(in_tensor() + "has " + std::to_string(end - begin) + " bytes, but shape " +
           Shape(shape_).to_string() + " of " + std::string(dtype_name(*dtype_)) + " needs " +
           std::to_string(bytes) + "; the file is damaged");
    }
    header_.entries.push_back({name_, *dtype_, Shape(shape_), begin, end});
  }
  bool seen(const char* field) const { return keys_.contains(field); }

  SafetensorsHeader header_;
  Place place_ = Place::kStart;
  Field field_ = Field::kOther;
  int depth_ = 0;
  int skipping_ = 0;  // open containers inside an unknown field
  std::set<std::string> names_;
  std::set<std::string> keys_;  // of the object being read
  std::string name_, key_;
  std::optional<DType> dtype_;
  std::vector<int64_t> shape_;
  std::vector<uint64_t> offsets_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text) {
  // The parser takes a NUL for the end of its input; JSON has none, not even inside strings.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    fail_syntax(nul + 1);
  }
  HeaderReader reader;
  json::sax_parse(text.begin(), text.end(), &reader);
  return reader.take();
}

}  // namespace zanime::weights
