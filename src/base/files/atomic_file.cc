#include "base/files/atomic_file.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text/quote.h"

namespace zanime::files {
namespace {

constexpr const char* kTemporaryMark = ".partial-";

// Two writers of the same path, in one process or in two, must not share a temporary file.
// Process numbers repeat, in containers at every start: random ones do not.
std::filesystem::path temporary_name(const std::filesystem::path& path) {
  std::random_device random;
  const uint64_t number = uint64_t{random()} << 32 | random();
  std::filesystem::path name = path;
  name += kTemporaryMark + std::to_string(number);
  return name;
}

// Removes temporary files of this path whose writer is gone: nobody holds a lock on them. A writer
// may not have come to lock a file that it has just made.
void remove_abandoned(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string start = path.filename().string() + kTemporaryMark;
  const auto grace = std::chrono::minutes(1);
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->path().filename().string().starts_with(start)) continue;
    std::error_code ignored;
    const auto written = fs::last_write_time(entry->path(), ignored);
    if (ignored || fs::file_time_type::clock::now() - written < grace) continue;
    const int fd = open(entry->path().c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) continue;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlink(entry->path().c_str());
    close(fd);
  }
}

// Where a symbolic link leads; the path itself where there is none, or it leads nowhere.
std::filesystem::path resolved(std::filesystem::path path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  std::filesystem::path target = std::filesystem::canonical(path, error);
  return error ? path : target;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path, uint64_t expected_size)
    : path_(resolved(std::move(path))),
      temporary_(temporary_name(path_)),
      expected_size_(expected_size) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path_, ignored);
  if (std::filesystem::is_directory(status)) {
    throw Error(ErrorKind::kFile, path_.string() + ": is a folder; name a file to write");
  }
  if (std::filesystem::is_other(status)) {
    in_place_ = true;
    fd_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) fail("open", errno);
    return;
  }
  remove_abandoned(path_);
  fd_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) fail("create", errno);
  flock(fd_, LOCK_EX | LOCK_NB);  // as long as this writer lives; not every file system has locks
#ifdef __linux__
  if (expected_size_ > 0 && fallocate(fd_, 0, 0, static_cast<off_t>(expected_size_)) != 0 &&
      (errno == ENOSPC || errno == EFBIG || errno == EDQUOT)) {
    const int error = errno;
    close(fd_);
    unlink(temporary_.c_str());
    fail("reserve space for", error);
  }
#endif
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  if (!in_place_) unlink(temporary_.c_str());
}

void AtomicFile::write_at(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    // A pipe has no places, only an order.
    if (written < 0 && errno == ESPIPE) written = write(fd_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("write", errno);
    }
    if (written == 0) fail("write", ENOSPC);
    offset += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  // Some file systems report a full disk only when the file is closed.
  const int fd = fd_;
  fd_ = -1;
  if (close(fd) != 0 || (!in_place_ && rename(temporary_.c_str(), path_.c_str()) != 0)) {
    const int error = errno;
    if (!in_place_) unlink(temporary_.c_str());
    fail("write", error);
  }
}

bool AtomicFile::commit_new() {
  if (in_place_) {
    commit();
    return true;
  }
  const int fd = fd_;
  fd_ = -1;
  const bool published = close(fd) == 0 && publish_new();
  const int error = published ? 0 : errno;
  unlink(temporary_.c_str());
  if (!published && error != EEXIST) fail("write", error);
  return published;
}

bool AtomicFile::publish_new() const {
  // A hard link is made only under a free name, on every kernel; file systems without hard links
  // (FAT) leave a moment between the look and the renaming.
  if (link(temporary_.c_str(), path_.c_str()) == 0) return true;
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return false;
  if (access(path_.c_str(), F_OK) == 0) {
    errno = EEXIST;
    return false;
  }
  return rename(temporary_.c_str(), path_.c_str()) == 0;
}

void AtomicFile::fail(const char* action, int error) const {
  const std::string place = path_.string();
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: {
      std::error_code ignored;
      const std::filesystem::space_info space = std::filesystem::space(folder, ignored);
      std::string message = place + (error == EDQUOT  ? ": the disk quota is used up"
                                     : error == EFBIG ? ": the file would be larger than allowed"
                                                      : ": the disk is full");
      if (expected_size_ > 0) message += "; the file needs " + text::byte_count(expected_size_);
      if (!ignored) message += "; free there: " + text::byte_count(space.available);
      throw Error(ErrorKind::kResource, message + ". Free some space or choose another folder");
    }
    case ENOENT:
    case ENOTDIR:
      throw Error(ErrorKind::kFile, place + ": the folder " + folder.string() +
                                        " does not exist; create it first (mkdir -p)");
    case EACCES:
    case EPERM:
    case EROFS:
      throw Error(ErrorKind::kResource, place + ": no permission to write in " + folder.string() +
                                            "; choose another folder");
    default:
      throw Error(ErrorKind::kResource,
                  "cannot " + std::string(action) + " " + place + ": " + std::strerror(error));
  }
}

}  // namespace zanime::files
