#include "fetch/http_client.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <exception>
#include <new>

#include <curl/curl.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/text/letter_case.h"
#include "base/version.h"

namespace zanime::fetch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kMostRedirects = 10;

// libcurl wants to be set up once a process, before threads use it.
void set_up_curl() {
  struct Library {
    Library() {
      if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        throw Error(ErrorKind::kInternal, "libcurl could not be set up");
      }
    }
    ~Library() { curl_global_cleanup(); }
  };
  static const Library library;
}

class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list_); }

  void add(const std::string& field) {
    curl_slist* longer = curl_slist_append(list_, field.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// What one transfer's callbacks work on.
struct Transfer {
  CURL* curl;
  const HttpClient::BodySink& body;
  const CancelToken& cancel;
  double stall_seconds;
  HttpResponse response = {};
  std::exception_ptr thrown = nullptr;
  bool stopped_by_sink = false;
  bool stalled = false;
  curl_off_t received = 0;
  Clock::time_point last_byte = Clock::now();
};

size_t on_header(char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(data, size * count);
  try {
    if (line.starts_with("HTTP/")) {
      transfer.response.fields.clear();  // a redirect's answer came before this one
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      transfer.response.fields[text::lower_case(trimmed(line.substr(0, colon)))] =
          trimmed(line.substr(colon + 1));
    }
  } catch (...) {
    transfer.thrown = std::current_exception();
    return 0;
  }
  return size * count;
}

size_t on_body(char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  try {
    long status = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    if (!transfer.body || transfer.body(transfer.response, {data, size * count})) {
      return size * count;
    }
    transfer.stopped_by_sink = true;
  } catch (...) {
    transfer.thrown = std::current_exception();
  }
  return 0;
}

// Called at least about once a second. Not 0: stop.
int on_progress(void* context, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.cancel.cancelled()) return 1;
  const Clock::time_point now = Clock::now();
  if (received != transfer.received) {
    transfer.received = received;
    transfer.last_byte = now;
  }
  transfer.stalled =
      std::chrono::duration<double>(now - transfer.last_byte).count() > transfer.stall_seconds;
  return transfer.stalled ? 1 : 0;
}

bool is_permanent(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
      return true;
    default:
      return false;
  }
}

// "https://example.org:8443" of an address.
std::string origin_of(const std::string& url) {
  const UrlParts parts = parts_of(url);
  if (parts.host.empty()) return "";
  return parts.scheme + "://" + parts.host + (parts.port.empty() ? "" : ":" + parts.port);
}

}  // namespace

std::string HttpResponse::field(const std::string& lower_case_name) const {
  const auto found = fields.find(lower_case_name);
  return found == fields.end() ? "" : found->second;
}

struct HttpClient::Handle {
  Handle() {
    set_up_curl();
    curl = curl_easy_init();
    if (curl == nullptr) throw std::bad_alloc();
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { curl_easy_cleanup(curl); }

  CURL* curl;
};

HttpClient::HttpClient(HttpLimits limits) : limits_(limits), handle_(std::make_unique<Handle>()) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

HttpResponse HttpClient::send(const HttpRequest& request, const BodySink& body,
                              const CancelToken& cancel) {
  cancel.throw_if_cancelled();
  CURL* curl = handle_->curl;
  curl_easy_reset(curl);  // connections stay
  Transfer transfer{curl, body, cancel, limits_.stall_seconds};
  std::array<char, CURL_ERROR_SIZE> message{};
  HeaderList fields;
  for (const std::string& field : request.fields) fields.add(field);
  fields.add("Accept-Encoding: identity");

  const auto set = [curl](CURLoption option, auto value) {
    if (curl_easy_setopt(curl, option, value) != CURLE_OK) {
      throw Error(ErrorKind::kInternal, "libcurl refused option " + std::to_string(option));
    }
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_HTTPHEADER, fields.get());
  set(CURLOPT_USERAGENT, (std::string("zanime/") + version()).c_str());
  set(CURLOPT_NOBODY, request.head_only ? 1L : 0L);
  set(CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, kMostRedirects);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // What was asked for with protection must not come without it.
  set(CURLOPT_REDIR_PROTOCOLS_STR,
      text::lower_case(request.url).starts_with("https:") ? "https" : "http,https");
  if (!request.token.empty()) {
    // libcurl keeps both options' values to the first host, port and scheme.
    set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    set(CURLOPT_XOAUTH2_BEARER, request.token.c_str());
    set(CURLOPT_UNRESTRICTED_AUTH, 0L);
  }
  if (const std::string file = environment_variable("SSL_CERT_FILE"); !file.empty()) {
    set(CURLOPT_CAINFO, file.c_str());
  }
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect_seconds * 1000));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_ERRORBUFFER, message.data());
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);

  const CURLcode code = curl_easy_perform(curl);
  HttpResponse response = std::move(transfer.response);
  long status = 0;
  curl_off_t retry_after = 0;
  char* final_url = nullptr;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
  curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &final_url);
  response.status = static_cast<int>(status);
  if (retry_after > 0) response.retry_after_seconds = static_cast<double>(retry_after);
  if (final_url != nullptr) response.host = origin_of(final_url);
  // The options point into this function's variables.
  curl_easy_reset(curl);

  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  cancel.throw_if_cancelled();
  if (code == CURLE_OK || transfer.stopped_by_sink) return response;
  if (transfer.stalled) {
    response.failure =
        "nothing came for " + std::to_string(static_cast<int>(limits_.stall_seconds)) + " seconds";
  } else {
    response.failure = trimmed(message.data());
    if (response.failure.empty()) response.failure = curl_easy_strerror(code);
  }
  response.failure_is_transient = !is_permanent(code);
  return response;
}

UrlParts parts_of(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> handle(curl_url(), curl_url_cleanup);
  if (handle == nullptr) throw std::bad_alloc();
  UrlParts parts;
  if (curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return parts;
  const auto get = [&](CURLUPart part) {
    char* text = nullptr;
    std::string result;
    if (curl_url_get(handle.get(), part, &text, 0) == CURLUE_OK) result = text;
    curl_free(text);
    return result;
  };
  parts.scheme = text::lower_case(get(CURLUPART_SCHEME));
  parts.host = text::lower_case(get(CURLUPART_HOST));
  parts.port = get(CURLUPART_PORT);
  return parts;
}

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

std::string public_url(const std::string& url) {
  const std::string origin = origin_of(url);
  if (origin.empty()) return "(not an address)";
  const size_t host = url.find("://");
  const size_t path = url.find('/', host == std::string::npos ? 0 : host + 3);
  if (path == std::string::npos) return origin;
  return origin + url.substr(path, url.find_first_of("?#", path) - path);
}

std::string status_text(int status) {
  static const std::map<int, const char*> kNames{{400, "Bad Request"},
                                                 {401, "Unauthorized"},
                                                 {403, "Forbidden"},
                                                 {404, "Not Found"},
                                                 {407, "Proxy Authentication Required"},
                                                 {408, "Request Timeout"},
                                                 {410, "Gone"},
                                                 {416, "Range Not Satisfiable"},
                                                 {429, "Too Many Requests"},
                                                 {451, "Unavailable For Legal Reasons"},
                                                 {500, "Internal Server Error"},
                                                 {502, "Bad Gateway"},
                                                 {503, "Service Unavailable"},
                                                 {504, "Gateway Timeout"}};
  const auto found = kNames.find(status);
  return std::to_string(status) + (found == kNames.end() ? "" : std::string(" ") + found->second);
}

}  // namespace zanime::fetch
