// A model hub and its store as two servers on 127.0.0.1, with small files under the official names.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/http_server.h"

namespace zanime::testing {

class FakeHub {
 public:
  // May replace an answer of the hub or the store; nullopt: the good one is given.
  using Fault = std::function<std::optional<ServedAnswer>(const ServedRequest&)>;

  FakeHub();

  std::string origin() const { return hub_.origin(); }
  // "OWNER/NAME/PATH" to contents. Change it only while nobody asks.
  std::map<std::string, std::string> files;
  // What branch `main` of every repository stands for; other revisions stand for themselves.
  std::string main_commit = std::string(40, 'c');
  Fault hub_fault, store_fault;

  const HttpServer& hub() const { return hub_; }
  const HttpServer& store() const { return store_; }
  // How many requests with this method the hub has had.
  size_t hub_requests(std::string_view method) const;

 private:
  ServedAnswer answer_as_hub(const ServedRequest& request) const;
  ServedAnswer answer_as_store(const ServedRequest& request) const;

  HttpServer store_, hub_;
};

std::string sha256_hex(const std::string& content);

}  // namespace zanime::testing
