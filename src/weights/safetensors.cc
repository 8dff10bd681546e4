#include "weights/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/text/quote.h"
#include "weights/foreign_file.h"
#include "weights/safetensors_header.h"

namespace zanime::weights {
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
    fail(path, "has only " + text::byte_count(file.size()) +
                   ", too few for a safetensors file; download it again." + download_hint(path));
  }
  if (length > kMaxHeaderBytes) {
    fail(path, "is not a safetensors file: its first 8 bytes would announce a header of " +
                   text::byte_count(length) + ", and 100 MB is the limit");
  }
  if (length > file.size() - kLengthBytes) {
    fail(path, starts_object
                   ? "is cut off inside its header: " + text::byte_count(file.size()) +
                         " are there and the header alone needs " +
                         text::byte_count(length + kLengthBytes) + "; download it again." +
                         download_hint(path)
                   : "is not a safetensors file: its first 8 bytes would announce a header of " +
                         text::byte_count(length) + ", more than the file has");
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
    fail(path, "is cut off: " + text::byte_count(file_size) + " are there, " +
                   text::byte_count(data_start + described) + " were expected; download it again." +
                   download_hint(path));
  }

  uint64_t position = 0;
  const HeaderEntry* previous = nullptr;
  for (const HeaderEntry& entry : entries) {
    if (entry.begin < position) {
      fail(path, "the data of tensors " + text::quote(previous->name) + " and " +
                     text::quote(entry.name) + " overlap; the file is damaged");
    }
    if (entry.begin > position) {
      fail(path, std::to_string(entry.begin - position) + " bytes before the data of tensor " +
                     text::quote(entry.name) + " belong to no tensor; the file is damaged");
    }
    position = entry.end;
    previous = &entry;
  }
  if (position < data_size) {
    fail(path, "has " + text::byte_count(data_size - position) +
                   " behind the last tensor that belong to none; the file is damaged or two files "
                   "were joined, download it again");
  }
}

std::shared_ptr<const WeightFile> read(const std::filesystem::path& path,
                                       std::span<const std::byte> file,
                                       std::shared_ptr<const files::MappedFile> mapping) {
  const std::string_view text = header_text(path, file);
  SafetensorsHeader header;
  try {
    header = parse_safetensors_header(text);
  } catch (const Error& error) {
    throw error.within(path.string());
  }
  const uint64_t data_start = kLengthBytes + text.size();
  check_ranges(path, header.entries, data_start, file.size());
  WeightFile::Tensors tensors;
  for (HeaderEntry& entry : header.entries) {
    tensors.emplace(std::move(entry.name),
                    TensorEntry{entry.dtype, std::move(entry.shape),
                                file.data() + data_start + entry.begin, entry.end - entry.begin});
  }
  return std::make_shared<const WeightFile>(path, std::move(tensors), std::move(header.metadata),
                                            file.size(), std::move(mapping));
}

}  // namespace

std::shared_ptr<const WeightFile> open_safetensors(const std::filesystem::path& path) {
  return open_safetensors(files::MappedFile::open(path));
}

std::shared_ptr<const WeightFile> open_safetensors(
    std::shared_ptr<const files::MappedFile> mapping) {
  const std::filesystem::path path = mapping->path();
  const std::span<const std::byte> bytes = mapping->bytes();
  return read(path, bytes, std::move(mapping));
}

std::shared_ptr<const WeightFile> parse_safetensors(const std::filesystem::path& path,
                                                    std::span<const std::byte> file) {
  return read(path, file, nullptr);
}

}  // namespace zanime::weights
