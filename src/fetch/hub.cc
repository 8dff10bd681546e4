#include "fetch/hub.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/environment.h"
#include "base/log.h"
#include "fetch/sha256.h"

namespace zanime::fetch {
namespace {

// Nothing came from the hub yet: whoever has no network wants to hear so soon.
constexpr int kAttemptsAtLookUp = 3;
// Larger than any file, and small enough that sums of such sizes are numbers.
constexpr int64_t kMaxFileBytes = int64_t{1} << 50;
constexpr const char* kNoNetworkAdvice =
    "is there a network, and does it need a proxy (https_proxy)?";

// Without the blanks and line breaks that copying leaves around it.
std::string trimmed_variable(const char* name) {
  std::string text = environment_variable(name);
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_space));
  return text;
}

// Letters, digits and "-._~" stay, and '/' if it `keeps_slashes`; the rest is percent-encoded.
std::string encoded(std::string_view text, bool keeps_slashes) {
  static constexpr std::string_view kHex = "0123456789ABCDEF", kPlain = "-._~";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || kPlain.find(c) != std::string_view::npos ||
        (c == '/' && keeps_slashes)) {
      result += c;
    } else {
      result += '%';
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    }
  }
  return result;
}

// Tokens go over protected connections only, or to this machine.
bool may_carry_token(const std::string& endpoint) {
  const UrlParts parts = parts_of(endpoint);
  return parts.scheme == "https" || (parts.scheme == "http" && is_this_machine(parts.host));
}

// As it may be shown: without what stands before an @, which may be a password.
std::string without_user(const std::string& address) {
  const size_t at = address.rfind('@');
  return at == std::string::npos ? address : "…" + address.substr(at);
}

// `"…"` or `W/"…"` without the marks.
std::string bare_tag(std::string tag) {
  if (tag.starts_with("W/")) tag.erase(0, 2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  return tag;
}

int64_t number_or_zero(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end && value <= kMaxFileBytes ? std::max<int64_t>(value, 0)
                                                                       : 0;
}

}  // namespace

bool is_commit(const std::string& revision) {
  return revision.size() == 40 &&
         revision.find_first_not_of("0123456789abcdef") == std::string::npos;
}

HubSettings HubSettings::from_environment() {
  HubSettings settings;
  if (std::string endpoint = trimmed_variable("HF_ENDPOINT"); !endpoint.empty()) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    if (!endpoint.starts_with("https://") && !endpoint.starts_with("http://")) {
      throw Error(ErrorKind::kUsage, "HF_ENDPOINT is '" + without_user(endpoint) +
                                         "'; it must be an address such as https://huggingface.co");
    }
    settings.endpoint = endpoint;
  }
  settings.token = trimmed_variable("HF_TOKEN");
  const auto is_odd = [](unsigned char c) { return c <= 0x20 || c >= 0x7f; };
  if (std::any_of(settings.token.begin(), settings.token.end(), is_odd)) {
    throw Error(ErrorKind::kUsage,
                "HF_TOKEN holds a space, a line break or another character that no token has; "
                "copy it again from https://huggingface.co/settings/tokens");
  }
  return settings;
}

Hub::Hub(HubSettings settings) : settings_(std::move(settings)), client_(settings_.limits) {
  if (!settings_.token.empty() && !may_carry_token(settings_.endpoint)) {
    log_warning("HF_TOKEN is not sent to " + public_url(settings_.endpoint) +
                ": the connection is not protected (https)");
    settings_.token.clear();
  }
}

std::string Hub::file_url(const std::string& repository, const std::string& revision,
                          const std::string& path) const {
  return settings_.endpoint + "/" + encoded(repository, true) + "/resolve/" +
         encoded(revision, false) + "/" + encoded(path, true);
}

HubFile Hub::look_up(const std::string& repository, const std::string& revision,
                     const std::string& path, const CancelToken& cancel) {
  RetryPolicy policy = settings_.retry;
  policy.attempts = std::min(policy.attempts, kAttemptsAtLookUp);
  Retry retry(policy, cancel);
  HttpRequest request;
  request.url = file_url(repository, revision, path);
  request.token = settings_.token;
  request.head_only = true;
  request.follow_redirects = false;  // the hub's own answer has the facts, not the store's
  constexpr int kMostMoves = 5;
  for (int moves = 0;;) {
    const HttpResponse response = client_.send(request, {}, cancel);
    const bool redirect = response.status >= 300 && response.status < 400;
    if (!response.failure.empty() || response.status == 0 || response.status >= 400) {
      bool transient = false;
      const Error error = error_of_response(request.url, response, transient);
      if (transient) {
        retry.wait_or_throw(error, response.retry_after_seconds,
                            response.failure.empty() ? "" : kNoNetworkAdvice, log_info);
        continue;
      }
      if (!response.failure.empty()) {
        throw Error(error.kind(), std::string(error.what()) + "; " + kNoNetworkAdvice);
      }
      throw explained(HttpStatusError(request.url, response), repository);
    }
    // A repository that was renamed: the address within the hub where it is now.
    const std::string location = response.field("location");
    if (redirect && response.field("x-linked-size").empty() && moves++ < kMostMoves) {
      if (location.starts_with("/") && !location.starts_with("//")) {
        request.url = settings_.endpoint + location;
        continue;
      }
      if (location.starts_with(settings_.endpoint + "/")) {
        request.url = location;
        continue;
      }
    }
    HubFile file;
    file.commit = response.field("x-repo-commit");
    file.bytes = number_or_zero(response.field("x-linked-size"));
    file.sha256 = bare_tag(response.field("x-linked-etag"));
    if (file.bytes > 0 && is_sha256_text(file.sha256) &&
        (file.commit.empty() || is_commit(file.commit))) {
      return file;
    }
    const bool page = response.field("content-type").starts_with("text/html");
    throw Error(ErrorKind::kFile,
                public_url(request.url) + ": the answer (" + status_text(response.status) +
                    (page ? ", a web page" : "") +
                    ") does not say the file's length and hash, as the hub does; does this network "
                    "want a log-in in the browser first, or is HF_ENDPOINT wrong?");
  }
}

DownloadResult Hub::download(const std::string& repository, const std::string& path,
                             const HubFile& file, const std::filesystem::path& target,
                             const DownloadHooks& hooks, const CancelToken& cancel) {
  DownloadRequest request;
  request.url = file_url(repository, file.commit, path);
  request.target = target;
  request.bytes = file.bytes;
  request.sha256 = file.sha256;
  request.token = settings_.token;
  try {
    return download_file(client_, request, settings_.retry, hooks, cancel);
  } catch (const HttpStatusError& error) {
    throw explained(error, repository);
  }
}

Error Hub::explained(const HttpStatusError& error, const std::string& repository) const {
  const std::string hub = public_url(settings_.endpoint);
  const std::string page = hub + "/" + repository;
  const bool with_token = !settings_.token.empty();
  std::string advice;
  if (error.code() == "GatedRepo" || error.status() == 403) {
    advice = "its owner wants you to accept conditions: log in and do so at " + page +
             (with_token ? ", with the account of HF_TOKEN"
                         : ", then set HF_TOKEN to a token of that account");
  } else if (error.status() == 401) {
    advice = with_token ? "HF_TOKEN is not accepted; unset it, or make a new one at " + hub +
                              "/settings/tokens"
                        : "it is private or has moved. If you have access, set HF_TOKEN to a token "
                          "from " +
                              hub + "/settings/tokens";
  } else if (error.status() == 404) {
    advice = error.code() == "RevisionNotFound"
                 ? "there is no such revision; see " + page + "/commits/main"
                 : "there is no such file at this revision; see " + page +
                       "/tree/main, and try --revision main";
  } else if (error.status() == 407) {
    advice = "the proxy wants a name and password: https_proxy=http://NAME:PASSWORD@HOST:PORT";
  } else {
    advice = "try again later";
  }
  return Error(error.kind(), std::string(error.what()) + ": " + advice);
}

}  // namespace zanime::fetch
