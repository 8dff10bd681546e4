// A file from an address to the disk: resumed where it was left, verified, then renamed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/error.h"
#include "fetch/http_client.h"
#include "fetch/retry.h"

namespace zanime::fetch {

// An answer other than the file, which trying again does not change: 401, 403, 404, …
class HttpStatusError : public Error {
 public:
  HttpStatusError(const std::string& url, const HttpResponse& response);

  int status() const { return status_; }
  // The hub's word for what is wrong (X-Error-Code), such as GatedRepo; "" without one.
  const std::string& code() const { return code_; }

 private:
  int status_;
  std::string code_;
};

// The error for an answer that is not what was asked for, or for none. `transient` is set where
// trying again may help.
Error error_of_response(const std::string& url, const HttpResponse& response, bool& transient);

struct DownloadRequest {
  std::string url;
  std::filesystem::path target;  // its folder is made where missing
  int64_t bytes = 0;             // the file's length, above 0
  std::string sha256;            // lower-case hex
  std::string token = {};        // for the host of `url`, see HttpRequest
};

struct DownloadHooks {
  // Bytes of the file that are here, out of request.bytes. Called often.
  std::function<void(int64_t bytes)> progress = {};
  // The same while what an earlier run left is read again for the hash.
  std::function<void(int64_t bytes)> checking = {};
  // What a person may want to know: resuming, trying again.
  std::function<void(const std::string&)> note = {};
};

struct DownloadResult {
  int64_t resumed = 0;   // bytes that earlier runs had left
  int64_t received = 0;  // bytes of the file that came over the net in this one
};

// Where an unfinished download of this content to `target` is kept: beside it, hidden, named by the
// hash, so that another version never continues it.
std::filesystem::path part_path(const std::filesystem::path& target, const std::string& sha256);

// How much of it is there. 0 when there is none.
int64_t part_size(const std::filesystem::path& target, const std::string& sha256);

// Replaces `target` when the whole file is there and has the length and hash expected; until then
// only the part file changes. It stays after errors and cancellation, and the next run continues
// it; only a wrong hash removes it. Cut connections, 408, 429 and 5xx are tried again as `policy`
// says. Throws HttpStatusError; Error(kFile) for wrong contents (length, hash, a web page in the
// file's place); Error(kResource) for a full disk, a folder that cannot be written, a server that
// cannot be reached; Error(kCancelled), which says what is kept.
DownloadResult download_file(HttpClient& client, const DownloadRequest& request,
                             const RetryPolicy& policy, const DownloadHooks& hooks,
                             const CancelToken& cancel);

}  // namespace zanime::fetch
