#include "base/files/mapping_guard.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

namespace zanime::files {
namespace {

// A mapping as the signal handler may look at it: it must neither wait nor allocate.
struct Slot {
  std::atomic<bool> taken = false;
  std::atomic<uintptr_t> begin = 0;
  std::atomic<uintptr_t> end = 0;  // 0: not set yet
  std::atomic<bool> lost = false;
  const std::filesystem::path* path = nullptr;
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free);

std::array<Slot, 1024> slots;
std::mutex slots_mutex;  // for everything but the handler
std::atomic<bool> any_lost = false;
struct sigaction previous_action;

// Puts zeros where the rest of the file was, and lets the interrupted read go on.
bool replace_lost_pages(uintptr_t address) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (Slot& slot : slots) {
    const uintptr_t end = slot.end;
    if (address < slot.begin || address >= end) continue;
    const uintptr_t first = address / page * page;
    if (mmap(reinterpret_cast<void*>(first), end - first, PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
      return false;
    }
    slot.lost = true;
    any_lost = true;
    return true;
  }
  return false;
}

void on_bus_error(int signal, siginfo_t* info, void* context) {
  const int saved = errno;
  const bool replaced = replace_lost_pages(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = saved;
  if (replaced) return;
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal);
  } else {
    sigaction(signal, &previous_action, nullptr);  // the read happens again, and ends the process
  }
}

void install_handler() {
  static const bool installed = [] {
    replace_lost_pages(0);  // asks for the page size outside the handler
    struct sigaction action = {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, &previous_action) == 0;
  }();
  (void)installed;
}

}  // namespace

MappingGuard::MappingGuard(const std::byte* data, size_t size, const std::filesystem::path& path) {
  install_handler();
  const std::lock_guard lock(slots_mutex);
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    if (slot.taken) continue;
    slot.taken = true;
    slot.path = &path;
    slot.lost = false;
    slot.begin = reinterpret_cast<uintptr_t>(data);
    slot.end = reinterpret_cast<uintptr_t>(data) + size;
    slot_ = static_cast<int>(i);
    return;
  }
}

MappingGuard::~MappingGuard() {
  if (slot_ < 0) return;
  const std::lock_guard lock(slots_mutex);
  Slot& slot = slots[static_cast<size_t>(slot_)];
  slot.end = 0;
  slot.begin = 0;
  slot.taken = false;
}

void throw_if_cut_short() {
  if (!any_lost) return;
  const std::lock_guard lock(slots_mutex);
  any_lost = false;
  for (Slot& slot : slots) {
    if (!slot.taken || !slot.lost) continue;
    slot.lost = false;
    throw Error(ErrorKind::kFile,
                slot.path->string() +
                    ": became shorter, or could not be read any more, while it was in use; get the "
                    "file again, and replace model files by renaming, not by writing into them");
  }
}

}  // namespace zanime::files
