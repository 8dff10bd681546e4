#include "weights/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text/quote.h"
#include "weights/foreign_file.h"

namespace zanime::weights {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kMaxNameBytes = 65535;
constexpr uint32_t kMaxAxes = 4;
// Longer texts (chat templates) are of no use to anybody here.
constexpr uint64_t kKeptTextBytes = 1000;
constexpr std::string_view kOriginalShape = "comfy.gguf.orig_shape.";

// Types of values of the key-value part.
enum ValueType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64
};

// Bytes of a value; 0 for strings, arrays and what does not exist.
uint64_t value_bytes(uint32_t type) {
  constexpr std::array<uint64_t, 13> kBytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < kBytes.size() ? kBytes[type] : 0;
}

struct TensorType {
  uint32_t id;
  std::optional<DType> dtype;
  const char* name;
};
constexpr std::array kTensorTypes = {
    TensorType{0, DType::kF32, "F32"},          TensorType{1, DType::kF16, "F16"},
    TensorType{2, DType::kQ4_0, "Q4_0"},        TensorType{3, DType::kQ4_1, "Q4_1"},
    TensorType{6, DType::kQ5_0, "Q5_0"},        TensorType{7, DType::kQ5_1, "Q5_1"},
    TensorType{8, DType::kQ8_0, "Q8_0"},        TensorType{9, {}, "Q8_1"},
    TensorType{10, DType::kQ2_K, "Q2_K"},       TensorType{11, DType::kQ3_K, "Q3_K"},
    TensorType{12, DType::kQ4_K, "Q4_K"},       TensorType{13, DType::kQ5_K, "Q5_K"},
    TensorType{14, DType::kQ6_K, "Q6_K"},       TensorType{15, {}, "Q8_K"},
    TensorType{16, DType::kIQ2_XXS, "IQ2_XXS"}, TensorType{17, DType::kIQ2_XS, "IQ2_XS"},
    TensorType{18, DType::kIQ3_XXS, "IQ3_XXS"}, TensorType{19, DType::kIQ1_S, "IQ1_S"},
    TensorType{20, DType::kIQ4_NL, "IQ4_NL"},   TensorType{21, DType::kIQ3_S, "IQ3_S"},
    TensorType{22, DType::kIQ2_S, "IQ2_S"},     TensorType{23, DType::kIQ4_XS, "IQ4_XS"},
    TensorType{24, DType::kI8, "I8"},           TensorType{25, DType::kI16, "I16"},
    TensorType{26, DType::kI32, "I32"},         TensorType{27, DType::kI64, "I64"},
    TensorType{28, DType::kF64, "F64"},         TensorType{29, DType::kIQ1_M, "IQ1_M"},
    TensorType{30, DType::kBF16, "BF16"},       TensorType{34, DType::kTQ1_0, "TQ1_0"},
    TensorType{35, DType::kTQ2_0, "TQ2_0"},     TensorType{39, DType::kMXFP4, "MXFP4"},
    TensorType{40, DType::kNVFP4, "NVFP4"},
};

// A tensor as the file describes it.
struct Description {
  std::string name;
  Shape shape;
  DType dtype = DType::kF32;
  uint64_t offset = 0;  // from the start of the data
  uint64_t bytes = 0;
};

class Reader {
 public:
  Reader(const std::filesystem::path& path, std::span<const std::byte> file)
      : path_(path), file_(file) {}

  std::vector<Description> tensors;
  WeightFile::Metadata metadata;
  std::map<std::string, Shape> original_shapes;
  uint64_t data_start = 0;

  void read() {
    position_ = kMagic.size();
    check_version();
    const auto tensor_count = take<uint64_t>("the number of tensors");
    const auto pair_count = take<uint64_t>("the number of keys");
    // A description takes 24 bytes at least, a key and its value 13.
    check_count(tensor_count, 24, "tensors");
    check_count(pair_count, 13, "keys");
    for (uint64_t i = 0; i < pair_count; ++i) read_pair();
    for (uint64_t i = 0; i < tensor_count; ++i) read_tensor();
    data_start = (position_ + alignment_ - 1) / alignment_ * alignment_;
    check_ranges();
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorKind::kFile, path_.string() + ": " + message);
  }

 private:
  uint64_t left() const { return file_.size() - position_; }

  [[noreturn]] void cut_off(const std::string& what) const {
    fail("is cut off inside its header, at " + what + " (byte " + std::to_string(position_) +
         " of " + std::to_string(file_.size()) + "); download it again." + download_hint(path_));
  }

  template <typename T>
  T take(const std::string& what) {
    if (left() < sizeof(T)) cut_off(what);
    T value;
    std::memcpy(&value, file_.data() + position_, sizeof value);
    position_ += sizeof value;
    return value;
  }

  void skip(uint64_t bytes, const std::string& what) {
    if (bytes > left()) cut_off(what);
    position_ += bytes;
  }

  std::string_view take_text(const std::string& what) {
    const auto size = take<uint64_t>(what);
    if (size > left()) cut_off(what);
    const auto* text = reinterpret_cast<const char*>(file_.data() + position_);
    position_ += size;
    return {text, size};
  }

  std::string take_name(const std::string& what) {
    const std::string_view name = take_text(what);
    if (name.empty() || name.size() > kMaxNameBytes) {
      fail(what + " has " + std::to_string(name.size()) + " bytes; the file is damaged");
    }
    return std::string(name);
  }

  void check_version() {
    const auto version = take<uint32_t>("the version");
    if (version == 2 || version == 3) return;
    if (version != 0 && (version & 0xffff) == 0) {
      fail(
          "is a GGUF file for big-endian computers, which is not supported; use the ordinary "
          "version of the model");
    }
    fail("is a GGUF file of version " + std::to_string(version) +
         "; versions 2 and 3 are supported, use a newer version of the model");
  }

  void check_count(uint64_t count, uint64_t least_bytes, const char* what) const {
    if (count > left() / least_bytes) {
      fail("its header announces " + std::to_string(count) + " " + what +
           ", more than the file can hold; the file is damaged or cut off." + download_hint(path_));
    }
  }

  void read_pair() {
    std::string key = take_name("a key");
    const std::string what = "the value of " + text::quote(key);
    const auto type = take<uint32_t>(what);
    std::string value;
    if (type == kArray) {
      read_array(key, what);
    } else if (type == kString) {
      const std::string_view text = take_text(what);
      value = text.size() <= kKeptTextBytes ? std::string(text) : "";
    } else {
      value = take_number(key, type, what);
    }
    if (!metadata.emplace(key, std::move(value)).second) {
      fail("has the key " + text::quote(key) + " twice; the file is damaged");
    }
    if (type == kArray) metadata[key] = "(a list)";
  }

  std::string take_number(const std::string& key, uint32_t type, const std::string& what) {
    switch (type) {
      case kU8:
        return std::to_string(take<uint8_t>(what));
      case kI8:
        return std::to_string(take<int8_t>(what));
      case kU16:
        return std::to_string(take<uint16_t>(what));
      case kI16:
        return std::to_string(take<int16_t>(what));
      case kU32: {
        const auto number = take<uint32_t>(what);
        if (key == "general.alignment") set_alignment(number);
        return std::to_string(number);
      }
      case kI32:
        return std::to_string(take<int32_t>(what));
      case kF32:
        return std::to_string(take<float>(what));
      case kBool:
        return take<uint8_t>(what) != 0 ? "true" : "false";
      case kU64:
        return std::to_string(take<uint64_t>(what));
      case kI64:
        return std::to_string(take<int64_t>(what));
      case kF64:
        return std::to_string(take<double>(what));
      default:
        fail(what + " has the type number " + std::to_string(type) +
             ", which does not exist; the file is damaged");
    }
  }

  void set_alignment(uint32_t alignment) {
    if (!std::has_single_bit(alignment) || alignment < 8 || alignment > (1u << 20)) {
      fail("its data is aligned to " + std::to_string(alignment) +
           " bytes, where a power of two from 8 on is needed; the file is damaged");
    }
    alignment_ = alignment;
  }

  void read_array(const std::string& key, const std::string& what) {
    const auto type = take<uint32_t>(what);
    const auto count = take<uint64_t>(what);
    if (type == kString) {
      if (count > left() / sizeof(uint64_t)) cut_off(what);
      for (uint64_t i = 0; i < count; ++i) take_text(what);
      return;
    }
    const uint64_t bytes = value_bytes(type);
    if (bytes == 0) {
      fail(what + " is a list of values of type number " + std::to_string(type) +
           ", which is not supported; the file is damaged");
    }
    if (count > left() / bytes) cut_off(what);
    if (key.starts_with(kOriginalShape) && type == kI32 && count >= 1 && count <= kMaxAxes) {
      std::vector<int64_t> extents;
      for (uint64_t i = 0; i < count; ++i) extents.push_back(take<int32_t>(what));
      original_shapes[key.substr(kOriginalShape.size())] = checked_shape(key, extents);
      return;
    }
    skip(count * bytes, what);
  }

  // Extents, slowest axis first.
  Shape checked_shape(const std::string& name, const std::vector<int64_t>& extents) const {
    int64_t total = 1;
    for (const int64_t extent : extents) {
      if (extent < 1 || __builtin_mul_overflow(total, extent, &total) || total > kMaxElements) {
        fail("tensor " + text::quote(name) + " has an impossible shape; the file is damaged");
      }
    }
    return Shape(extents);
  }

  void read_tensor() {
    Description tensor;
    tensor.name = take_name("the name of a tensor");
    const std::string what = "the description of tensor " + text::quote(tensor.name);
    const auto axes = take<uint32_t>(what);
    if (axes > kMaxAxes) {
      fail("tensor " + text::quote(tensor.name) + " has " + std::to_string(axes) +
           " axes, and four is the most; the file is damaged");
    }
    std::vector<int64_t> extents;
    for (uint32_t axis = 0; axis < axes; ++axis) {
      const auto extent = take<uint64_t>(what);
      extents.push_back(extent > kMaxElements ? -1 : static_cast<int64_t>(extent));
    }
    std::reverse(extents.begin(), extents.end());
    tensor.shape = checked_shape(tensor.name, extents);
    tensor.dtype = checked_type(tensor.name, take<uint32_t>(what));
    const int64_t row = extents.empty() ? 1 : extents.back();
    if (row % dtype_block(tensor.dtype) != 0) {
      fail("tensor " + text::quote(tensor.name) + " has rows of " + std::to_string(row) +
           " values, which is no multiple of the " + std::to_string(dtype_block(tensor.dtype)) +
           " values of a block of " + std::string(dtype_name(tensor.dtype)) +
           "; the file is damaged");
    }
    tensor.bytes = static_cast<uint64_t>(dtype_bytes(tensor.dtype, tensor.shape.size()));
    tensor.offset = take<uint64_t>(what);
    tensors.push_back(std::move(tensor));
  }

  DType checked_type(const std::string& name, uint32_t id) const {
    for (const TensorType& type : kTensorTypes) {
      if (type.id != id) continue;
      if (type.dtype) return *type.dtype;
      fail("tensor " + text::quote(name) + " is stored as " + type.name +
           ", which is not supported; use a version of the model in Q8_0, Q6_K, Q5_K, Q5_0, Q4_K, "
           "Q4_0, IQ4_XS, Q3_K, Q2_K, F16 or BF16");
    }
    fail("tensor " + text::quote(name) + " has the type number " + std::to_string(id) +
         ", which does not exist; the file is damaged");
  }

  // Every tensor lies in the file, and on no other.
  void check_ranges() const {
    std::vector<const Description*> sorted;
    for (const Description& tensor : tensors) sorted.push_back(&tensor);
    std::sort(sorted.begin(), sorted.end(), [](const Description* a, const Description* b) {
      return a->offset != b->offset ? a->offset < b->offset : a->name < b->name;
    });
    const uint64_t data_size = file_.size() > data_start ? file_.size() - data_start : 0;
    const Description* previous = nullptr;
    for (const Description* tensor : sorted) {
      if (tensor->offset % alignment_ != 0) {
        fail("the data of tensor " + text::quote(tensor->name) + " begins at " +
             std::to_string(tensor->offset) + ", which is no multiple of the alignment " +
             std::to_string(alignment_) + "; the file is damaged");
      }
      if (tensor->offset > data_size || tensor->bytes > data_size - tensor->offset) {
        fail("is cut off: the data of tensor " + text::quote(tensor->name) + " ends behind the " +
             text::byte_count(file_.size()) + " that are there; download it again." +
             download_hint(path_));
      }
      if (previous != nullptr && previous->offset + previous->bytes > tensor->offset) {
        fail("the data of tensors " + text::quote(previous->name) + " and " +
             text::quote(tensor->name) + " overlap; the file is damaged");
      }
      previous = tensor;
    }
  }

  static constexpr int64_t kMaxElements = int64_t{1} << 56;

  const std::filesystem::path& path_;
  std::span<const std::byte> file_;
  uint64_t position_ = 0;
  uint64_t alignment_ = kDefaultAlignment;
};

// The shape that other files give the tensor.
Shape model_shape(const Reader& reader, const Description& tensor) {
  const auto original = reader.original_shapes.find(tensor.name);
  if (original != reader.original_shapes.end()) {
    const Shape& shape = original->second;
    if (shape.size() != tensor.shape.size() || shape[-1] % dtype_block(tensor.dtype) != 0) {
      reader.fail("tensor " + text::quote(tensor.name) + " of shape " + tensor.shape.to_string() +
                  " cannot be used as " + shape.to_string() +
                  ", which the file says it was before it was quantised; use another version of "
                  "the model");
    }
    return shape;
  }
  // Axes of extent 1 are not kept.
  if (tensor.name.ends_with("pad_token") && tensor.shape.rank() == 1) {
    return Shape{1, tensor.shape[0]};
  }
  return tensor.shape;
}

std::shared_ptr<const WeightFile> read_gguf(const std::filesystem::path& path,
                                            std::span<const std::byte> file,
                                            std::shared_ptr<const files::MappedFile> mapping) {
  Reader reader(path, file);
  if (!is_gguf(file)) reader.fail("is not a GGUF file: it does not begin with 'GGUF'");
  reader.read();
  WeightFile::Tensors tensors;
  for (const Description& tensor : reader.tensors) {
    const std::byte* data = file.data() + reader.data_start + tensor.offset;
    const auto [place, is_new] = tensors.emplace(
        tensor.name, TensorEntry{tensor.dtype, model_shape(reader, tensor), data, tensor.bytes});
    if (!is_new)
      reader.fail("has tensor " + text::quote(tensor.name) + " twice; the file is damaged");
  }
  return std::make_shared<const WeightFile>(path, std::move(tensors), std::move(reader.metadata),
                                            file.size(), std::move(mapping));
}

}  // namespace

bool is_gguf(std::span<const std::byte> file) {
  return file.size() >= kMagic.size() &&
         std::memcmp(file.data(), kMagic.data(), kMagic.size()) == 0;
}

std::shared_ptr<const WeightFile> open_gguf(std::shared_ptr<const files::MappedFile> mapping) {
  const std::filesystem::path path = mapping->path();
  const std::span<const std::byte> bytes = mapping->bytes();
  return read_gguf(path, bytes, std::move(mapping));
}

std::shared_ptr<const WeightFile> parse_gguf(const std::filesystem::path& path,
                                             std::span<const std::byte> file) {
  return read_gguf(path, file, nullptr);
}

}  // namespace zanime::weights
