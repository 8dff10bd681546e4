// A web server on 127.0.0.1 that answers as a test wants, misbehaving included: it can cut the
// connection in the middle of a body, announce another length than it sends, or fall silent.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace zanime::testing {

struct ServedRequest {
  std::string method;
  std::string target;                         // path and query
  std::map<std::string, std::string> fields;  // names in lower case

  std::string field(const std::string& name) const;
};

struct ServedAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string body = {};
  // What Content-Length says where that is not the body's length; -1: the field is left out.
  std::optional<int64_t> announced_length = {};
  // Close the connection after so many bytes of the body.
  std::optional<size_t> cut_after = {};
  // Send nothing until the client gives up.
  bool silent = false;
};

class HttpServer {
 public:
  using Handler = std::function<ServedAnswer(const ServedRequest&)>;

  // The handler runs on the server's thread, one request at a time.
  explicit HttpServer(Handler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  // "http://HOST:PORT". `localhost` and `127.0.0.1` reach the same server as different hosts.
  std::string origin(const std::string& host = "127.0.0.1") const;
  // What came so far.
  std::vector<ServedRequest> requests() const;
  // Bytes of bodies that were sent so far.
  size_t body_bytes_sent() const { return body_bytes_sent_; }

 private:
  void serve();
  void serve_connection(int fd);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  int stop_pipe_[2] = {-1, -1};
  mutable std::mutex mutex_;
  std::vector<ServedRequest> requests_;
  std::atomic<size_t> body_bytes_sent_{0};
  std::thread thread_;
};

// Serves `content` as a store does: ranges, If-Range, 206 and 416. `tag` is its ETag with quotes.
ServedAnswer answer_with_ranges(const ServedRequest& request, const std::string& content,
                                const std::string& tag);

}  // namespace zanime::testing
