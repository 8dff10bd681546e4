#include "fetch/sha256.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files/file_descriptor.h"

namespace zanime::fetch {
namespace {

void check(int result) {
  if (result != 1) throw Error(ErrorKind::kInternal, "OpenSSL could not compute a SHA-256");
}

}  // namespace

struct Sha256::Context {
  Context() : evp(EVP_MD_CTX_new()) {
    if (evp == nullptr) throw std::bad_alloc();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(evp); }

  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { restart(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::restart() { check(EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr)); }

void Sha256::update(const void* data, size_t size) {
  check(EVP_DigestUpdate(context_->evp, data, size));
}

std::string Sha256::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  check(EVP_DigestFinal_ex(context_->evp, digest, &size));
  restart();
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text;
}

bool is_sha256_text(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void hash_file_start(Sha256& hash, int fd, int64_t end, const std::filesystem::path& path,
                     const std::function<void(int64_t)>& progress, const CancelToken& cancel) {
  constexpr int64_t kChunk = 4 << 20;
  std::vector<char> buffer(static_cast<size_t>(std::min(end, kChunk)));
  for (int64_t offset = 0; offset < end;) {
    cancel.throw_if_cancelled();
    const auto wanted = static_cast<size_t>(std::min(end - offset, kChunk));
    const ssize_t got = pread(fd, buffer.data(), wanted, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw Error(ErrorKind::kFile, "reading " + path.string() + " failed at byte " +
                                        std::to_string(offset) + ": " +
                                        (got == 0 ? "it ends there" : std::strerror(errno)));
    }
    hash.update(buffer.data(), static_cast<size_t>(got));
    offset += got;
    if (progress) progress(offset);
  }
}

std::string sha256_of_file(const std::filesystem::path& path,
                           const std::function<void(int64_t)>& progress,
                           const CancelToken& cancel) {
  const files::FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    throw Error(ErrorKind::kFile, "cannot open " + path.string() + ": " + std::strerror(errno));
  }
  posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  Sha256 hash;
  hash_file_start(hash, file.get(), static_cast<int64_t>(std::filesystem::file_size(path)), path,
                  progress, cancel);
  return hash.finish();
}

}  // namespace zanime::fetch
