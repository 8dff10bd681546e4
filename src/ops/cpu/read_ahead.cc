#include "ops/cpu/read_ahead.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace zanime::ops::cpu {
namespace {

// Below this a thread costs more than it saves.
constexpr size_t kSmallestBytes = size_t{1} << 20;
// What is asked of the kernel at once: large enough for any disk, small enough to stop soon.
constexpr size_t kReadBytes = size_t{4} << 20;

// Begins to read the pages that are not in memory yet. Asking the kernel to read what is there
// costs it a microsecond a page, asking whether it is there a hundredth of that; of files that the
// user may not write the kernel says that everything is there, and their pages come when touched.
// So they do after any failure here.
void read_pages(const std::byte* begin, size_t bytes) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t start = address / page * page;
  const size_t length = address + bytes - start;
  void* const pages = reinterpret_cast<void*>(start);
  std::array<unsigned char, kReadBytes / 4096 + 2> resident{};
  const size_t count = (length + page - 1) / page;
  if (count > resident.size() || mincore(pages, length, resident.data()) != 0) return;
  const auto is_there = [](unsigned char flags) { return (flags & 1) != 0; };
  if (std::all_of(resident.begin(), resident.begin() + static_cast<ptrdiff_t>(count), is_there)) {
    return;
  }
  madvise(pages, length, MADV_WILLNEED);
}

}  // namespace

ReadAhead::~ReadAhead() {
  reader_.request_stop();  // and joins
}

void ReadAhead::want(std::span<const weights::Weight* const> weights) {
  const std::lock_guard lock(mutex_);
  for (const weights::Weight* weight : weights) {
    for (const weights::WeightPart& part : weight->parts()) {
      const auto bytes =
          static_cast<size_t>(dtype_bytes(part.dtype, part.rows * weight->columns()));
      if (bytes >= kSmallestBytes) ranges_.push_back({part.data, bytes, weight->owner()});
    }
  }
  if (ranges_.empty() || is_reading_) return;
  is_reading_ = true;
  reader_ =
      std::jthread([this](const std::stop_token& stop) { read(stop); });  // joins the last one
}

void ReadAhead::read(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!ranges_.empty() && !stop.stop_requested()) {
    Range& range = ranges_.front();
    const Range piece{range.begin, std::min(range.bytes, kReadBytes), range.file};
    range.begin += piece.bytes;
    range.bytes -= piece.bytes;
    if (range.bytes == 0) ranges_.pop_front();
    lock.unlock();
    read_pages(piece.begin, piece.bytes);  // may wait for the disk
    lock.lock();
  }
  is_reading_ = false;
}

}  // namespace zanime::ops::cpu
