// SHA-256 (FIPS 180-4), by OpenSSL's libcrypto.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/cancel.h"

namespace zanime::fetch {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(const void* data, size_t size);
  // Lower-case hex of what went in; begins anew.
  std::string finish();
  void restart();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// 64 characters of lower-case hex?
bool is_sha256_text(const std::string& text);

// Feeds bytes [0, `end`) of an open file. `progress` gets the number of bytes read so far. Throws
// Error(kCancelled), or kFile when reading fails; `path` is for the message.
void hash_file_start(Sha256& hash, int fd, int64_t end, const std::filesystem::path& path,
                     const std::function<void(int64_t)>& progress, const CancelToken& cancel);
// Of a whole file.
std::string sha256_of_file(const std::filesystem::path& path,
                           const std::function<void(int64_t)>& progress, const CancelToken& cancel);

}  // namespace zanime::fetch
