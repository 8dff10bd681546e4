#include "weights/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "weights/block_formats.h"
#include "weights/foreign_file.h"
#include "weights/quote.h"
#include "weights/safetensors_header.h"

namespace zanime {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr uint64_t kLengthBytes = 8;
// The reference's limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& message) {
  throw Error(ErrorKind::kFile, path.string() + ": " + message);
}

uint64_t read_header_length(std::span<const std::byte> file) {
  uint64_t length;
  std::memcpy(&length, file.data(), sizeof length);
  return length;
}

// The header's JSON. What is wrong with a file that has none is best said by what it is instead.
std::string_view header_text(const std::filesystem::path& path, std::span<const std::byte> file) {
  const uint64_t length = file.size() >= kLengthBytes ? read_header_length(file) : 0;
  const bool starts_object =
      file.size() > kLengthBytes && static_cast<char>(file[kLengthBytes]) == '{';
  const bool plausible = starts_object && length <= kMaxHeaderBytes && length >= 2;
  if (!plausible) {
    const std::string what = describe_foreign_file(file);
    if (!what.empty()) fail(path, what);
  }
  if (file.size() < kLengthBytes) {
    fail(path, "has only " + byte_count(file.size()) +
                   ", too few for a safetensors file; download it again." + download_hint(path));
  }
  if (length > kMaxHeaderBytes) {
    fail(path, "is not a safetensors file: its first 8 bytes would announce a header of " +
                   byte_count(length) + ", and 100 MB is the limit");
  }
  if (length > file.size() - kLengthBytes) {
    fail(path, starts_object
                   ? "is cut off inside its header: " + byte_count(file.size()) +
                         " are there and the header alone needs " +
                         byte_count(length + kLengthBytes) + "; download it again." +
                         download_hint(path)
                   : "is not a safetensors file: its first 8 bytes would announce a header of " +
                         byte_count(length) + ", more than the file has");
  }
  if (!starts_object || length < 2) {
    fail(path, "is not a safetensors file: its header does not begin with '{'");
  }
  return {reinterpret_cast<const char*>(file.data()) + kLengthBytes, length};
}

// Every byte after the header belongs to exactly one tensor.
void check_ranges(const std::filesystem::path& path, std::vector<HeaderEntry>& entries,
                  uint64_t data_start, uint64_t file_size) {
  std::sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  const uint64_t data_size = file_size - data_start;

  uint64_t described = 0;
  for (const HeaderEntry& entry : entries) described = std::max(described, entry.end);
  if (described > data_size) {
    // Offsets above 2^63 come from damage, not from a download that stopped.
    if (described > (uint64_t{1} << 62)) {
      fail(path, "its header places data beyond any possible file; the file is damaged");
    }
    fail(path, "is cut off: " + byte_count(file_size) + " are there, " +
                   byte_count(data_start + described) + " were expected; download it again." +
                   download_hint(path));
  }

  uint64_t position = 0;
  const HeaderEntry* previous = nullptr;
  for (const HeaderEntry& entry : entries) {
    if (entry.begin < position) {
      fail(path, "the data of tensors " + quote(previous->name) + " and " + quote(entry.name) +
                     " overlap; the file is damaged");
    }
    if (entry.begin > position) {
      fail(path, std::to_string(entry.begin - position) + " bytes before the data of tensor " +
                     quote(entry.name) + " belong to no tensor; the file is damaged");
    }
    const auto element = static_cast<uint64_t>(dtype_size(entry.dtype));
    if ((data_start + entry.begin) % element != 0) {
      fail(path, "the data of tensor " + quote(entry.name) + " (" +
                     std::string(dtype_name(entry.dtype)) + ") begins at byte " +
                     std::to_string(data_start + entry.begin) +
                     ", which is no multiple of its element size; write the file again with the "
                     "safetensors library");
    }
    position = entry.end;
    previous = &entry;
  }
  if (position < data_size) {
    fail(path, "has " + byte_count(data_size - position) +
                   " behind the last tensor that belong to none; the file is damaged or two files "
                   "were joined, download it again");
  }
}

// Reads `count` stored elements of type T and converts each.
template <typename T, typename Convert>
void convert_elements(const std::byte* data, int64_t count, float* out, Convert convert) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    out[i] = convert(value);
  }
}

template <typename T>
void cast_elements(const std::byte* data, int64_t count, float* out) {
  convert_elements<T>(data, count, out, [](T value) { return static_cast<float>(value); });
}

// What each byte means, made once: a call may convert a single value.
template <float (*to_float)(uint8_t)>
void convert_f8(const std::byte* data, int64_t count, float* out) {
  static const std::array<float, 256> table = [] {
    std::array<float, 256> values;
    for (size_t bits = 0; bits < values.size(); ++bits) {
      values[bits] = to_float(static_cast<uint8_t>(bits));
    }
    return values;
  }();
  convert_elements<uint8_t>(data, count, out, [](uint8_t bits) { return table[bits]; });
}

}  // namespace

std::shared_ptr<const SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  std::shared_ptr<const MappedFile> mapping = MappedFile::open(path);
  const std::span<const std::byte> bytes = mapping->bytes();
  return read(path, bytes, std::move(mapping));
}

std::shared_ptr<const SafetensorsFile> SafetensorsFile::parse(const std::filesystem::path& path,
                                                              std::span<const std::byte> file) {
  return read(path, file, nullptr);
}

std::shared_ptr<const SafetensorsFile> SafetensorsFile::read(
    const std::filesystem::path& path, std::span<const std::byte> file,
    std::shared_ptr<const MappedFile> mapping) {
  const std::string_view text = header_text(path, file);
  SafetensorsHeader header;
  try {
    header = parse_safetensors_header(text);
  } catch (const Error& error) {
    throw error.within(path.string());
  }
  const uint64_t data_start = kLengthBytes + text.size();
  check_ranges(path, header.entries, data_start, file.size());

  std::shared_ptr<SafetensorsFile> result(new SafetensorsFile);
  result->path_ = path;
  result->mapping_ = std::move(mapping);
  result->file_size_ = file.size();
  result->metadata_ = std::move(header.metadata);
  for (HeaderEntry& entry : header.entries) {
    result->tensors_.emplace(
        std::move(entry.name),
        TensorEntry{entry.dtype, std::move(entry.shape), file.data() + data_start + entry.begin,
                    entry.end - entry.begin});
  }
  return result;
}

std::shared_ptr<const SafetensorsFile> SafetensorsFile::of_tensors(
    std::filesystem::path path, Tensors tensors, Metadata metadata, uint64_t file_size,
    std::shared_ptr<const MappedFile> mapping) {
  std::shared_ptr<SafetensorsFile> result(new SafetensorsFile);
  result->path_ = std::move(path);
  result->mapping_ = std::move(mapping);
  result->tensors_ = std::move(tensors);
  result->metadata_ = std::move(metadata);
  result->file_size_ = file_size;
  return result;
}

const TensorEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const TensorEntry& SafetensorsFile::get(std::string_view name) const {
  if (const TensorEntry* entry = find(name)) return *entry;
  std::string message = "has no tensor " + quote(name) + "; it has ";
  size_t listed = 0;
  for (const auto& [other, entry] : tensors_) {
    if (listed == 8) {
      message += " and " + std::to_string(tensors_.size() - listed) + " more";
      break;
    }
    message += (listed++ == 0 ? "" : ", ") + quote(other);
  }
  fail(path_, message + (listed == 0 ? "none" : ""));
}

Tensor SafetensorsFile::read_float32(std::string_view name) const {
  const TensorEntry& entry = get(name);
  Tensor result(entry.shape);
  convert_to_float32(entry.data, entry.dtype, entry.shape.size(), result.data());
  return result;
}

void convert_to_float32(const std::byte* data, DType dtype, int64_t count, float* out) {
  switch (dtype) {
    case DType::kF32:
      return cast_elements<float>(data, count, out);
    case DType::kF16:
      return convert_elements<uint16_t>(data, count, out, f16_to_f32);
    case DType::kBF16:
      return convert_elements<uint16_t>(data, count, out, bf16_to_f32);
    case DType::kF8E4M3:
      return convert_f8<f8e4m3_to_f32>(data, count, out);
    case DType::kF8E5M2:
      return convert_f8<f8e5m2_to_f32>(data, count, out);
    case DType::kF64:
      return cast_elements<double>(data, count, out);
    case DType::kI8:
      return cast_elements<int8_t>(data, count, out);
    case DType::kU8:
      return cast_elements<uint8_t>(data, count, out);
    case DType::kI16:
      return cast_elements<int16_t>(data, count, out);
    case DType::kI32:
      return cast_elements<int32_t>(data, count, out);
    case DType::kI64:
      return cast_elements<int64_t>(data, count, out);
    case DType::kBool:
      return convert_elements<uint8_t>(data, count, out,
                                       [](uint8_t value) { return value != 0 ? 1.0f : 0.0f; });
    default:
      return dequantize_blocks(data, dtype, count, out);
  }
}

}  // namespace zanime
