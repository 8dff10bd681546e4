#include <string>

#include <gtest/gtest.h>

#include "fetch/http_client.h"

namespace zanime::fetch {
namespace {

TEST(UrlParts, AreThoseThatTheConnectionGoesTo) {
  const UrlParts parts = parts_of("HTTP://Name:secret@Example.org:8080/a?b");
  EXPECT_EQ(parts.scheme, "http");
  EXPECT_EQ(parts.host, "example.org");
  EXPECT_EQ(parts.port, "8080");
  EXPECT_EQ(parts_of("http://127.0.0.1@other").host, "other");
  EXPECT_EQ(parts_of("http://[::1]:80").host, "[::1]");
  EXPECT_EQ(parts_of("not an address").host, "");
}

TEST(UrlParts, OnlyThisMachineIsThisMachine) {
  for (const char* url : {"http://127.0.0.1:80", "http://localhost", "http://[::1]:80"}) {
    EXPECT_TRUE(is_this_machine(parts_of(url).host)) << url;
  }
  for (const char* url :
       {"http://127.0.0.1@other", "http://localhost.other", "http://127.0.0.10"}) {
    EXPECT_FALSE(is_this_machine(parts_of(url).host)) << url;
  }
}

TEST(PublicUrl, HasNoPassword) {
  EXPECT_EQ(public_url("https://name:secret@example.org/a/b?token=c"), "https://example.org/a/b");
}

}  // namespace
}  // namespace zanime::fetch
