// HTTP GET and HEAD over libcurl: one request at a time, no retries. Proxies come from the usual
// variables (https_proxy, no_proxy, …), certificates from the system or SSL_CERT_FILE.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"

namespace zanime::fetch {

struct HttpLimits {
  double connect_seconds = 30;
  double stall_seconds = 60;  // without a byte, from the request on
};

struct HttpRequest {
  std::string url;
  bool head_only = false;
  bool follow_redirects = true;
  std::vector<std::string> fields;  // further ones: "Range: bytes=5-"
  // Sent as a bearer token, and never to another host, port or scheme than those of `url`.
  std::string token;
};

struct HttpResponse {
  int status = 0;                             // 0: no answer came
  std::map<std::string, std::string> fields;  // of the last answer; names in lower case
  std::string host;                           // that gave it
  std::optional<double> retry_after_seconds;
  // Why the answer is missing or incomplete; empty when it is whole.
  std::string failure;
  bool failure_is_transient = false;  // trying again may help

  // "" when it is not there.
  std::string field(const std::string& lower_case_name) const;
};

class HttpClient {
 public:
  // Gets the body of the last answer piece by piece, with what its head said. Returning false ends
  // the transfer. Exceptions pass through send().
  using BodySink = std::function<bool(const HttpResponse& head, std::string_view piece)>;

  explicit HttpClient(HttpLimits limits = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // Throws Error(kCancelled) within about a second of cancel(), and what `body` throws; all else is
  // told in the response.
  HttpResponse send(const HttpRequest& request, const BodySink& body, const CancelToken& cancel);

 private:
  struct Handle;
  HttpLimits limits_;
  std::unique_ptr<Handle> handle_;  // keeps connections open between requests
};

// Parts of an address as libcurl reads it; empty where it is none. An IPv6 host stands in brackets.
struct UrlParts {
  std::string scheme, host, port;  // in small letters
};
UrlParts parts_of(const std::string& url);
bool is_this_machine(const std::string& host);

// The address without user name, password, query and fragment: nothing in it is secret.
std::string public_url(const std::string& url);

// "404 Not Found"
std::string status_text(int status);

}  // namespace zanime::fetch
