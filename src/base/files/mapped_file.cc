#include "base/files/mapped_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace zanime::files {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void throw_open_error(const std::filesystem::path& path, int error) {
  const std::string name = path.string();
  if (name.empty()) throw Error(ErrorKind::kFile, "no file name was given");
  if (error == ENOENT || error == ENOTDIR) {
    std::error_code ignored;
    if (std::filesystem::is_symlink(path, ignored)) {
      throw Error(ErrorKind::kFile,
                  name + ": is a link to " + std::filesystem::read_symlink(path, ignored).string() +
                      ", which does not exist; restore that file or remove the link");
    }
    throw Error(ErrorKind::kFile, name + ": file not found; check the path");
  }
  if (error == EACCES || error == EPERM) {
    throw Error(ErrorKind::kResource,
                name + ": permission denied; make the file readable (chmod u+r)");
  }
  if (error == EMFILE || error == ENFILE) {
    throw Error(ErrorKind::kResource, name + ": too many open files; raise the limit (ulimit -n)");
  }
  throw Error(ErrorKind::kFile, name + ": cannot be opened: " + std::strerror(error));
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a named pipe must not wait for a writer; for regular files it means
  // nothing.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) throw_open_error(path, errno);

  struct stat info;
  if (fstat(file.get(), &info) != 0) throw_open_error(path, errno);
  if (S_ISDIR(info.st_mode)) {
    throw Error(ErrorKind::kFile, path.string() + ": is a folder; name a file inside it");
  }
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorKind::kFile,
                path.string() + ": is a device or pipe; a regular file is needed");
  }
  if (info.st_size == 0) {
    throw Error(ErrorKind::kFile,
                path.string() + ": is empty (0 bytes); delete it and download it again");
  }

  const auto size = static_cast<uint64_t>(info.st_size);
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) {
    throw Error(ErrorKind::kResource,
                path.string() + ": cannot be mapped into memory: " + std::strerror(errno));
  }
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, static_cast<const std::byte*>(data), size));
}

MappedFile::~MappedFile() { munmap(const_cast<std::byte*>(data_), size_); }

}  // namespace zanime::files
