#include "fetch/download.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files/file_descriptor.h"
#include "base/text/size_text.h"
#include "fetch/sha256.h"

namespace zanime::fetch {
namespace fs = std::filesystem;
namespace {

// An attempt that brought this much starts the count of failures anew.
constexpr int64_t kWorthwhile = 1 << 20;

constexpr std::string_view kPartSuffix = ".part", kTagSuffix = ".etag";

std::string hidden_prefix(const fs::path& target) { return "." + target.filename().string() + "."; }

fs::path beside(const fs::path& target, const std::string& sha256, std::string_view suffix) {
  constexpr size_t kDigits = 16;
  return target.parent_path() /
         (hidden_prefix(target) + sha256.substr(0, kDigits) + std::string(suffix));
}

[[noreturn]] void fail_on_disk(const char* action, const fs::path& path, int error) {
  std::string message =
      std::string("could not ") + action + " " + path.string() + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    message +=
        "; make room and run the same command again: it continues with what is already there";
  }
  throw Error(ErrorKind::kResource, message);
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "bytes 100-199/1000" (RFC 9110, section 14.4).
struct ContentRange {
  int64_t first = 0;
  std::optional<int64_t> total;  // "*" there: not said
};

std::optional<ContentRange> parse_content_range(const std::string& text) {
  constexpr std::string_view kUnit = "bytes ";
  const size_t dash = text.find('-'), slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == std::string::npos || slash == std::string::npos) {
    return std::nullopt;
  }
  const auto first = whole_number(std::string_view(text).substr(kUnit.size(), dash - kUnit.size()));
  if (!first) return std::nullopt;
  return ContentRange{*first, whole_number(std::string_view(text).substr(slash + 1))};
}

bool is_transient_status(int status) {
  return status == 408 || status == 429 || (status >= 500 && status <= 504);
}

bool is_other_status(int status) { return status != 200 && status != 206; }

bool is_web_page(const HttpResponse& response) {
  return response.field("content-type").starts_with("text/html");
}

class Download {
 public:
  Download(HttpClient& client, const DownloadRequest& request, const RetryPolicy& policy,
           const DownloadHooks& hooks, const CancelToken& cancel)
      : client_(client),
        request_(request),
        hooks_(hooks),
        cancel_(cancel),
        retry_(policy, cancel),
        part_(part_path(request.target, request.sha256)),
        tag_file_(beside(request.target, request.sha256, kTagSuffix)) {}

  DownloadResult run() {
    try {
      open_part();
      take_up_what_is_there();
      for (;;) {
        while (size_ < request_.bytes) attempt();
        const std::string found = hash_.finish();
        if (found == request_.sha256) break;
        refuse_wrong_hash(found);
      }
    } catch (const HttpStatusError&) {
      leave_no_empty_part();
      throw;
    } catch (const Error& error) {
      leave_no_empty_part();
      if (error.kind() != ErrorKind::kCancelled) throw error.within(name());
      throw Error(ErrorKind::kCancelled, "stopped; " + text::size_text(size_) + " of " +
                                             text::size_text(request_.bytes) + " of " + name() +
                                             " are kept, and the same command continues there");
    }
    publish();
    return result_;
  }

 private:
  std::string name() const { return request_.target.filename().string(); }
  void note(const std::string& text) const {
    if (hooks_.note) hooks_.note(name() + ": " + text);
  }

  void open_part() {
    std::error_code error;
    fs::create_directories(request_.target.parent_path(), error);
    if (error) fail_on_disk("make the folder", request_.target.parent_path(), error.value());
    struct stat opened {
    }, named{};
    files::FileDescriptor file;
    do {
      file = files::FileDescriptor(open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
      if (!file.is_open()) fail_on_disk("write", part_, errno);
      // Two writers would spoil each other's part. The lock goes with the descriptor.
      if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        throw Error(ErrorKind::kResource, "another program is downloading it (" + part_.string() +
                                              " is locked); wait for that one");
      }
      // One that finished between our opening and locking has renamed what we opened.
      if (fstat(file.get(), &opened) != 0) fail_on_disk("read", part_, errno);
    } while (stat(part_.c_str(), &named) != 0 || named.st_ino != opened.st_ino);
    size_ = opened.st_size;
    part_fd_ = std::move(file);  // from here on it is ours
  }

  void leave_no_empty_part() {
    if (part_fd_.is_open() && size_ == 0) forget_part();
  }

  void take_up_what_is_there() {
    if (size_ > request_.bytes) start_over();
    if (size_ == 0) return;
    hash_file_start(hash_, part_fd_.get(), size_, part_, hooks_.checking, cancel_);
    std::getline(std::ifstream(tag_file_), tag_);
    result_.resumed = size_;
    note("continuing after the " + text::size_text(size_) + " that are already here");
  }

  // Empties the part.
  void start_over() {
    if (ftruncate(part_fd_.get(), 0) != 0) fail_on_disk("write", part_, errno);
    size_ = 0;
    result_.resumed = 0;
    hash_.restart();
    forget_tag();
  }

  void forget_tag() {
    tag_.clear();
    std::error_code ignored;
    fs::remove(tag_file_, ignored);
  }

  // One request. Returns with more bytes in the part, or after a wait; throws when there is no use.
  void attempt() {
    const int64_t before = size_;
    HttpRequest http;
    http.url = request_.url;
    http.token = request_.token;
    if (size_ > 0) {
      http.fields.push_back("Range: bytes=" + std::to_string(size_) + "-");
      if (!tag_.empty()) http.fields.push_back("If-Range: " + tag_);
    }
    head_seen_ = is_the_file_ = another_version_ = false;
    const HttpResponse response = client_.send(
        http,
        [this](const HttpResponse& head, std::string_view piece) { return take(head, piece); },
        cancel_);
    if (size_ - before >= kWorthwhile) retry_.succeeded();
    if (size_ == request_.bytes || another_version_) return;
    if (response.status == 416 && before > 0) {  // what is there is not this file's start
      start_over();
      return;
    }
    const bool good = response.failure.empty() && !is_other_status(response.status);
    if (good && !head_seen_) accept(response);  // an empty body; throws where that is a lie
    bool transient = false;
    const Error error =
        good ? cut_short(transient) : error_of_response(request_.url, response, transient);
    if (!transient) {
      // Thrown as what it is: HttpStatusError tells more.
      if (response.failure.empty()) throw HttpStatusError(request_.url, response);
      throw Error(error);
    }
    retry_.wait_or_throw(error, response.retry_after_seconds,
                         size_ > 0 ? "what came is kept, and the same command continues there" : "",
                         note_hook());
  }

  std::function<void(const std::string&)> note_hook() const {
    return [this](const std::string& text) { note(text); };
  }

  Error problem(ErrorKind kind, const std::string& what) const {
    return Error(kind, public_url(request_.url) + ": " + what);
  }

  Error cut_short(bool& transient) const {
    transient = true;
    return problem(ErrorKind::kResource, "the connection was cut after " + text::size_text(size_) +
                                             " of " + text::size_text(request_.bytes));
  }

  // A piece of the answer's body. False: no more of it.
  bool take(const HttpResponse& head, std::string_view piece) {
    if (!head_seen_) {
      head_seen_ = true;
      is_the_file_ = accept(head);
    }
    if (!is_the_file_) return false;
    cancel_.throw_if_cancelled();
    if (std::ssize(piece) > request_.bytes - size_) {
      forget_part();
      throw problem(ErrorKind::kFile, "the server sends more than the " +
                                          std::to_string(request_.bytes) +
                                          " bytes that the file has; try again later");
    }
    write(piece);
    hash_.update(piece.data(), piece.size());
    size_ += std::ssize(piece);
    result_.received += std::ssize(piece);
    if (hooks_.progress) hooks_.progress(size_);
    return true;
  }

  // Does the answer's body belong at the end of the part, once that was emptied where need be?
  bool accept(const HttpResponse& head) {
    if (is_other_status(head.status)) return false;
    if (is_web_page(head)) {
      throw problem(ErrorKind::kFile,
                    "the answer is a web page, not the file; does this network want a log-in in "
                    "the browser first, or is HF_ENDPOINT wrong?");
    }
    const std::string tag = head.field("etag");
    int64_t start = 0;
    if (head.status == 206) {
      const auto range = parse_content_range(head.field("content-range"));
      if (!range || range->first != size_) {
        throw problem(ErrorKind::kFile, "the server continues at another place than asked ('" +
                                            head.field("content-range") + "')");
      }
      require_length(range->total);
      start = size_;
      if (!tag_.empty() && !tag.empty() && tag != tag_) {
        note("the server has another version now; starting over");
        start_over();
        another_version_ = true;
        return false;  // the next attempt asks from the start
      }
    } else {
      require_length(whole_number(head.field("content-length")));
      if (size_ > 0) {
        note("the server sends the file from its start; starting over");
        start_over();
      }
    }
    if (start == 0 || tag_.empty()) remember(tag);
    return true;
  }

  void require_length(std::optional<int64_t> bytes) const {
    if (!bytes || *bytes == request_.bytes) return;
    throw problem(ErrorKind::kFile, "the server says the file has " + std::to_string(*bytes) +
                                        " bytes; expected are " + std::to_string(request_.bytes) +
                                        ". Try again later, or see whether it was replaced");
  }

  // Only strong tags tell that not a byte differs (RFC 9110, section 13.1.5).
  void remember(const std::string& tag) {
    if (tag.empty() || tag.starts_with("W/") || tag == tag_) return;
    tag_ = tag;
    std::ofstream(tag_file_, std::ios::trunc) << tag_ << '\n';
  }

  void write(std::string_view piece) {
    auto offset = static_cast<off_t>(size_);
    while (!piece.empty()) {
      const ssize_t written = pwrite(part_fd_.get(), piece.data(), piece.size(), offset);
      if (written < 0) {
        if (errno == EINTR) continue;
        fail_on_disk("write", part_, errno);
      }
      piece.remove_prefix(static_cast<size_t>(written));
      offset += written;
    }
  }

  // What earlier runs left may be damaged: one fresh start. Otherwise the server has another file.
  void refuse_wrong_hash(const std::string& found) {
    const bool resumed = result_.resumed > 0;
    start_over();
    if (resumed) {
      note("what was here does not fit the rest; starting over");
      return;
    }
    forget_part();
    throw problem(ErrorKind::kFile, "what came has the SHA-256 " + found + ", expected is " +
                                        request_.sha256 +
                                        "; it was deleted. Try again, or see whether a proxy or "
                                        "HF_ENDPOINT changes files");
  }

  void forget_part() {
    std::error_code ignored;
    fs::remove(part_, ignored);
    forget_tag();
  }

  void publish() {
    if (fsync(part_fd_.get()) != 0) fail_on_disk("write", part_, errno);
    if (std::rename(part_.c_str(), request_.target.c_str()) != 0) {
      fail_on_disk("put the finished file at", request_.target, errno);
    }
    const fs::path folder = request_.target.parent_path();
    const files::FileDescriptor directory(
        open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.is_open()) fsync(directory.get());
    forget_tag();
    remove_other_parts(folder);
  }

  // Of other versions, which nobody will continue; those being written are left alone.
  void remove_other_parts(const fs::path& folder) const {
    std::error_code error;
    std::vector<fs::path> stale;
    for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, error)) {
      const std::string file = entry.path().filename().string();
      if (file.starts_with(hidden_prefix(request_.target)) &&
          (file.ends_with(kPartSuffix) || file.ends_with(kTagSuffix))) {
        stale.push_back(entry.path());
      }
    }
    for (const fs::path& path : stale) {
      const files::FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (file.is_open() && flock(file.get(), LOCK_EX | LOCK_NB) == 0) fs::remove(path, error);
    }
  }

  HttpClient& client_;
  const DownloadRequest& request_;
  const DownloadHooks& hooks_;
  const CancelToken& cancel_;
  Retry retry_;
  fs::path part_, tag_file_;
  files::FileDescriptor part_fd_;
  Sha256 hash_;       // of the part so far
  int64_t size_ = 0;  // of the part
  std::string tag_;   // of what the part is the start of; "" when not known
  // Of the answer under way.
  bool head_seen_ = false, is_the_file_ = false, another_version_ = false;
  DownloadResult result_;
};

}  // namespace

HttpStatusError::HttpStatusError(const std::string& url, const HttpResponse& response)
    : Error(is_transient_status(response.status) ? ErrorKind::kResource : ErrorKind::kFile,
            public_url(url) + ": the server " +
                (response.host.empty() || url.starts_with(response.host)
                     ? ""
                     : "(" + response.host + ") ") +
                "answered " + status_text(response.status)),
      status_(response.status),
      code_(response.field("x-error-code")) {}

Error error_of_response(const std::string& url, const HttpResponse& response, bool& transient) {
  if (!response.failure.empty()) {
    transient = response.failure_is_transient;
    return Error(ErrorKind::kResource, public_url(url) + ": " + response.failure);
  }
  transient = is_transient_status(response.status);
  return HttpStatusError(url, response);
}

fs::path part_path(const fs::path& target, const std::string& sha256) {
  return beside(target, sha256, kPartSuffix);
}

int64_t part_size(const fs::path& target, const std::string& sha256) {
  std::error_code error;
  const auto size = fs::file_size(part_path(target, sha256), error);
  return error ? 0 : static_cast<int64_t>(size);
}

DownloadResult download_file(HttpClient& client, const DownloadRequest& request,
                             const RetryPolicy& policy, const DownloadHooks& hooks,
                             const CancelToken& cancel) {
  if (request.bytes <= 0 || !is_sha256_text(request.sha256)) {
    throw Error(ErrorKind::kInternal,
                "the length or the SHA-256 of " + request.target.string() + " is not known");
  }
  return Download(client, request, policy, hooks, cancel).run();
}

}  // namespace zanime::fetch
