#include "tests/support/http_server.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace zanime::testing {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \r");
  return first == std::string::npos ? ""
                                    : text.substr(first, text.find_last_not_of(" \r") - first + 1);
}

ServedRequest parse(const std::string& head) {
  ServedRequest request;
  const size_t space = head.find(' '), end = head.find(' ', space + 1);
  request.method = head.substr(0, space);
  request.target = head.substr(space + 1, end - space - 1);
  for (size_t line = head.find('\n') + 1; line < head.size();) {
    const size_t stop = std::min(head.find('\n', line), head.size());
    const std::string text = head.substr(line, stop - line);
    if (const size_t colon = text.find(':'); colon != std::string::npos) {
      request.fields[lower_case(text.substr(0, colon))] = trimmed(text.substr(colon + 1));
    }
    line = stop + 1;
  }
  return request;
}

// False when the client has gone.
bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// Up to the empty line. "" when the client sends none.
std::string receive_head(int fd) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n")) {
    if (recv(fd, &byte, 1, 0) != 1) return "";
    head += byte;
  }
  return head;
}

}  // namespace

std::string ServedRequest::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      pipe(stop_pipe_) != 0) {
    throw std::runtime_error("no server on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
  close(stop_pipe_[1]);
  thread_.join();
  close(stop_pipe_[0]);
  close(listener_);
}

std::string HttpServer::origin(const std::string& host) const {
  return "http://" + host + ":" + std::to_string(port_);
}

std::vector<ServedRequest> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::serve() {
  for (;;) {
    pollfd events[] = {{listener_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    if (poll(events, 2, -1) < 0) continue;
    if (events[1].revents != 0) return;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    serve_connection(fd);
    close(fd);
  }
}

void HttpServer::serve_connection(int fd) {
  const std::string head = receive_head(fd);
  if (head.empty()) return;
  const ServedRequest request = parse(head);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const ServedAnswer answer = handler_(request);
  if (answer.silent) {
    pollfd events[] = {{fd, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    poll(events, 2, -1);  // readable: the client has closed
    return;
  }
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Such\r\n";
  for (const auto& [name, value] : answer.fields) text += name + ": " + value + "\r\n";
  const int64_t length = answer.announced_length.value_or(static_cast<int64_t>(answer.body.size()));
  if (length >= 0) text += "Content-Length: " + std::to_string(length) + "\r\n";
  text += "Connection: close\r\n\r\n";
  if (!send_all(fd, text) || request.method == "HEAD") return;
  const std::string_view body =
      std::string_view(answer.body).substr(0, answer.cut_after.value_or(answer.body.size()));
  body_bytes_sent_ += body.size();
  send_all(fd, body);
}

ServedAnswer answer_with_ranges(const ServedRequest& request, const std::string& content,
                                const std::string& tag) {
  ServedAnswer answer;
  answer.fields = {{"ETag", tag}, {"Content-Type", "application/octet-stream"}};
  const std::string range = request.field("range"), condition = request.field("if-range");
  if (!range.starts_with("bytes=") || (!condition.empty() && condition != tag)) {
    answer.body = content;
    return answer;
  }
  const size_t first = std::stoull(range.substr(6));
  if (first >= content.size()) {
    answer.status = 416;
    return answer;
  }
  answer.status = 206;
  answer.body = content.substr(first);
  answer.fields.emplace_back("Content-Range", "bytes " + std::to_string(first) + "-" +
                                                  std::to_string(content.size() - 1) + "/" +
                                                  std::to_string(content.size()));
  return answer;
}

}  // namespace zanime::testing
