// Downloads from a server that behaves as servers do: well, badly, and not at all.
#include "fetch/download.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "fetch/sha256.h"
#include "tests/support/expect_error.h"
#include "tests/support/http_server.h"
#include "tests/support/scratch_folder.h"

namespace zanime::fetch {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string hash_of(const std::string& text) {
  Sha256 hash;
  hash.update(text.data(), text.size());
  return hash.finish();
}

// Bytes that no compression and no repetition makes equal.
std::string noise(size_t size, uint32_t seed = 1) {
  std::string text(size, '\0');
  for (char& c : text) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return text;
}

const std::string kTag = "\"v1\"";

class DownloadTest : public ::testing::Test {
 protected:
  // Downloads from `server` what should be `content`.
  DownloadResult get(const HttpServer& server, const std::string& path = "/file") {
    return get_from(server.origin() + path);
  }
  DownloadResult get_from(const std::string& url) {
    HttpClient client(limits);
    DownloadRequest request;
    request.url = url;
    request.target = target;
    request.bytes = std::ssize(content);
    request.sha256 = hash_of(content);
    request.token = token;
    DownloadHooks hooks;
    hooks.note = [this](const std::string& text) { notes.push_back(text); };
    hooks.progress = [this](int64_t bytes) {
      last_progress = bytes;
      if (cancel_at >= 0 && bytes >= cancel_at) cancel.cancel();
    };
    RetryPolicy policy;
    policy.attempts = 4;
    policy.sleep = [this](double seconds, const CancelToken&) { waits.push_back(seconds); };
    return download_file(client, request, policy, hooks, cancel);
  }
  fs::path part() const { return part_path(target, hash_of(content)); }
  // Leaves the first `size` bytes as an earlier run would have.
  void leave_part(size_t size, const std::string& tag = "") {
    fs::create_directories(target.parent_path());
    std::ofstream(part(), std::ios::binary) << content.substr(0, size);
    if (!tag.empty()) std::ofstream(fs::path(part()).replace_extension(".etag")) << tag << '\n';
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(target.parent_path())) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  void expect_complete() const {
    EXPECT_EQ(content_of(target), content);
    EXPECT_EQ(files(), std::vector<std::string>{"model.safetensors"});
  }
  void expect_nothing() const {
    EXPECT_FALSE(fs::exists(target));
    EXPECT_TRUE(files().empty()) << files().front();
  }

  const std::string content = noise(300'000);
  ScratchFolder folder;
  fs::path target = folder / "vae/model.safetensors";
  HttpLimits limits;
  std::string token;
  CancelToken cancel;
  int64_t cancel_at = -1;
  int64_t last_progress = 0;
  std::vector<double> waits;
  std::vector<std::string> notes;
};

TEST_F(DownloadTest, BringsTheFileAndMakesItsFolder) {
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  const DownloadResult result = get(server);
  expect_complete();
  EXPECT_EQ(result.received, std::ssize(content));
  EXPECT_EQ(result.resumed, 0);
  EXPECT_EQ(last_progress, std::ssize(content));
  EXPECT_TRUE(server.requests().front().field("user-agent").starts_with("zanime/"));
  EXPECT_TRUE(waits.empty());
}

TEST_F(DownloadTest, ReplacesWhatIsThere) {
  folder.write("old", "");
  fs::create_directories(target.parent_path());
  std::ofstream(target) << "something else";
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  get(server);
  expect_complete();
}

TEST_F(DownloadTest, TheTokenStaysWithTheFirstHost) {
  token = "hf_secret";
  const HttpServer store(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  std::string location;
  const HttpServer hub([&](const ServedRequest& request) {
    ServedAnswer answer;
    answer.status = 302;
    answer.fields = {{"Location", request.target == "/file" ? "/moved" : location}};
    return answer;
  });
  // Another name for this machine, then the same name on another port.
  for (const char* host : {"localhost", "127.0.0.1"}) {
    location = store.origin(host) + "/blob?signature=secret";
    fs::remove(target);
    get(hub);
    expect_complete();
  }
  ASSERT_EQ(hub.requests().size(), 4u);
  for (const ServedRequest& request : hub.requests()) {
    EXPECT_EQ(request.field("authorization"), "Bearer hf_secret");
  }
  ASSERT_EQ(store.requests().size(), 2u);
  for (const ServedRequest& request : store.requests()) {
    EXPECT_EQ(request.field("authorization"), "");
  }
}

TEST_F(DownloadTest, ContinuesAfterACutConnection) {
  int served = 0;
  const HttpServer server([&](const ServedRequest& request) {
    ServedAnswer answer = answer_with_ranges(request, content, kTag);
    if (++served <= 2) answer.cut_after = 100'000;
    return answer;
  });
  const DownloadResult result = get(server);
  expect_complete();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].field("range"), "");
  EXPECT_EQ(requests[1].field("range"), "bytes=100000-");
  EXPECT_EQ(requests[2].field("range"), "bytes=200000-");
  EXPECT_EQ(requests[2].field("if-range"), kTag);
  EXPECT_EQ(server.body_bytes_sent(), content.size());  // not a byte twice
  EXPECT_EQ(result.received, std::ssize(content));
  EXPECT_EQ(waits, (std::vector<double>{1, 2}));
}

TEST_F(DownloadTest, GivesUpAfterSomeCutsAndTheNextRunContinues) {
  bool well = false;
  const HttpServer server([&](const ServedRequest& request) {
    ServedAnswer answer = answer_with_ranges(request, content, kTag);
    if (!well) answer.cut_after = 10'000;
    return answer;
  });
  expect_error(ErrorKind::kResource, "(tried 4 times)", [&] { get(server); });
  EXPECT_FALSE(fs::exists(target));
  EXPECT_EQ(part_size(target, hash_of(content)), 40'000);
  well = true;
  const DownloadResult result = get(server);
  expect_complete();
  EXPECT_EQ(result.resumed, 40'000);
  EXPECT_EQ(result.received, std::ssize(content) - 40'000);
  EXPECT_EQ(server.requests().back().field("range"), "bytes=40000-");
  EXPECT_EQ(server.requests().back().field("if-range"), kTag);  // remembered on disk
  EXPECT_EQ(server.body_bytes_sent(), content.size());
}

TEST_F(DownloadTest, AWholePartNeedsNoServer) {
  leave_part(content.size());
  get_from("http://127.0.0.1:1/nobody");
  expect_complete();
}

TEST_F(DownloadTest, StartsOverWhenTheServerIgnoresRanges) {
  leave_part(50'000, kTag);
  const HttpServer server([&](const ServedRequest&) {
    ServedAnswer answer;
    answer.body = content;
    return answer;
  });
  const DownloadResult result = get(server);
  expect_complete();
  EXPECT_EQ(server.requests().front().field("range"), "bytes=50000-");
  EXPECT_EQ(result.resumed, 0);
}

TEST_F(DownloadTest, StartsOverWhenTheTagChanged) {
  // Honest: If-Range fails, the answer is the whole file.
  leave_part(50'000, "\"v0\"");
  {
    const HttpServer server(
        [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
    get(server);
    expect_complete();
    EXPECT_EQ(server.requests().size(), 1u);
  }
  // A server that does not know If-Range continues with another version's bytes.
  fs::remove(target);
  leave_part(50'000, "\"v0\"");
  const HttpServer server([&](ServedRequest request) {
    request.fields.erase("if-range");
    return answer_with_ranges(request, content, kTag);
  });
  get(server);
  expect_complete();
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(server.requests()[1].field("range"), "");
  EXPECT_TRUE(waits.empty());
}

TEST_F(DownloadTest, ADamagedPartIsFoundByTheHashAndLoadedAgain) {
  leave_part(50'000);
  std::fstream(part(), std::ios::in | std::ios::out | std::ios::binary).put('!').put('!');
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  const DownloadResult result = get(server);
  expect_complete();
  EXPECT_EQ(result.resumed, 0);
}

TEST_F(DownloadTest, APartThatIsTooLongIsDropped) {
  leave_part(content.size());
  std::ofstream(part(), std::ios::app) << "more";
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  get(server);
  expect_complete();
}

TEST_F(DownloadTest, StartsOverAfter416) {
  leave_part(50'000);
  const HttpServer server([&](const ServedRequest& request) {
    ServedAnswer answer = answer_with_ranges(request, content, kTag);
    if (answer.status == 206) answer = {.status = 416};
    return answer;
  });
  get(server);
  expect_complete();
}

TEST_F(DownloadTest, AnotherVersionsPartIsNotContinuedAndGoesAtTheEnd) {
  fs::create_directories(target.parent_path());
  const fs::path other = part_path(target, std::string(64, 'a'));
  std::ofstream(other) << "the start of another version";
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  get(server);
  EXPECT_EQ(server.requests().front().field("range"), "");
  expect_complete();
}

TEST_F(DownloadTest, ALengthThatIsALieIsFound) {
  ServedAnswer answer;
  const HttpServer server([&](const ServedRequest&) { return answer; });
  // Announces another length.
  answer.body = content + "tail";
  expect_error(ErrorKind::kFile, "the server says the file has 300004 bytes; expected are 300000",
               [&] { get(server); });
  // Sends more than it announced, or announces nothing.
  answer.announced_length = -1;
  expect_error(ErrorKind::kFile, "the server sends more than the 300000 bytes",
               [&] { get(server); });
  expect_nothing();
  answer.body = "";
  answer.announced_length = 0;
  expect_error(ErrorKind::kFile, "the server says the file has 0 bytes", [&] { get(server); });
  expect_nothing();
  EXPECT_TRUE(waits.empty());
  // Announces the right length, and closes before.
  answer.body = content.substr(0, 100);
  answer.announced_length = std::ssize(content);
  const Error error = expect_error([&] { get(server); });
  expect_contains(error.what(), "model.safetensors: " + server.origin() + "/file: ");
  expect_contains(error.what(), "(tried 4 times)");
  EXPECT_EQ(waits.size(), 3u);
  EXPECT_FALSE(fs::exists(target));
}

TEST_F(DownloadTest, AWrongHashIsRefusedAndNothingStays) {
  std::string other = content;
  other[123'456] = static_cast<char>(other[123'456] ^ 1);
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, other, kTag); });
  const Error error = expect_error([&] { get(server); });
  EXPECT_EQ(error.kind(), ErrorKind::kFile);
  expect_contains(error.what(), hash_of(other));
  expect_contains(error.what(), "expected is " + hash_of(content));
  expect_nothing();
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(DownloadTest, AWebPageIsNotTheFile) {
  leave_part(50'000);
  const HttpServer server([&](const ServedRequest&) {
    ServedAnswer answer;
    answer.fields = {{"Content-Type", "text/html; charset=utf-8"}};
    answer.body = "<html>Welcome to the hotel</html>";
    return answer;
  });
  expect_error(ErrorKind::kFile, "is a web page, not the file", [&] { get(server); });
  EXPECT_EQ(part_size(target, hash_of(content)), 50'000);  // a hotel's page costs nothing
}

TEST_F(DownloadTest, StatusesThatStayAreToldAtOnce) {
  ServedAnswer answer;
  const HttpServer server([&](const ServedRequest&) { return answer; });
  for (const int status : {401, 403, 404, 410}) {
    answer.status = status;
    answer.fields = {{"X-Error-Code", "SuchThing"}};
    answer.body = "<html>no</html>";
    try {
      get(server, "/file?token=secret#part");
      ADD_FAILURE() << status;
    } catch (const HttpStatusError& error) {
      EXPECT_EQ(error.status(), status);
      EXPECT_EQ(error.code(), "SuchThing");
      expect_contains(error.what(),
                      server.origin() + "/file: the server answered " + std::to_string(status));
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
  }
  EXPECT_TRUE(waits.empty());
  expect_nothing();
}

TEST_F(DownloadTest, BusyServersAreAskedAgain) {
  int served = 0;
  const HttpServer server([&](const ServedRequest& request) {
    ServedAnswer answer = answer_with_ranges(request, content, kTag);
    if (++served == 1) answer = {.status = 429, .fields = {{"Retry-After", "7"}}};
    if (served == 2) answer = {.status = 500};
    if (served == 3) answer = {.status = 503};
    return answer;
  });
  get(server);
  expect_complete();
  EXPECT_EQ(waits, (std::vector<double>{7, 2, 4}));
  expect_contains(notes.front(), "429 Too Many Requests; trying again in 7 s");
}

TEST_F(DownloadTest, AServerThatStaysBusyIsLeftAlone) {
  ServedAnswer answer{.status = 500};
  const HttpServer server([&](const ServedRequest&) { return answer; });
  expect_error(ErrorKind::kResource, "500 Internal Server Error (tried 4 times)",
               [&] { get(server); });
  EXPECT_EQ(server.requests().size(), 4u);
  answer = {.status = 429, .fields = {{"Retry-After", "4000"}}};
  waits.clear();
  expect_error(ErrorKind::kResource, "asks to wait 4000 s", [&] { get(server); });
  EXPECT_TRUE(waits.empty());
  expect_nothing();
}

TEST_F(DownloadTest, ASilentServerIsGivenUp) {
  limits.stall_seconds = 0.2;
  const HttpServer server([&](const ServedRequest&) { return ServedAnswer{.silent = true}; });
  cancel_at = -1;
  RetryPolicy once;
  once.attempts = 1;
  HttpClient client(limits);
  const DownloadRequest request{server.origin() + "/file", target, std::ssize(content),
                                hash_of(content)};
  expect_error(ErrorKind::kResource, "nothing came for",
               [&] { download_file(client, request, once, {}, cancel); });
}

TEST_F(DownloadTest, NobodyThere) {
  expect_error(ErrorKind::kResource, "(tried 4 times)", [&] { get_from("http://127.0.0.1:1/f"); });
  expect_nothing();
  EXPECT_THROW(get_from("file:///etc/passwd"), Error);
  EXPECT_EQ(waits.size(), 3u);
}

TEST_F(DownloadTest, RedirectsDoNotGoInCirclesOrToFiles) {
  std::string location = "/file";
  const HttpServer server([&](const ServedRequest&) {
    return ServedAnswer{.status = 302, .fields = {{"Location", location}}};
  });
  expect_error(ErrorKind::kResource, "redirects", [&] { get(server); });
  location = "file:///etc/passwd";
  EXPECT_THROW(get(server), Error);
  EXPECT_TRUE(waits.empty());
  expect_nothing();
}

TEST_F(DownloadTest, CancelledIsKeptAndContinued) {
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  cancel_at = 1;
  const Error error = expect_error([&] { get(server); });
  EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  expect_contains(error.what(), "of 300 kB of model.safetensors are kept");
  const int64_t kept = part_size(target, hash_of(content));
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, std::ssize(content));
  HttpClient client(limits);
  const CancelToken never;
  const DownloadRequest request{server.origin() + "/file", target, std::ssize(content),
                                hash_of(content)};
  EXPECT_EQ(download_file(client, request, {}, {}, never).resumed, kept);
  expect_complete();
}

TEST_F(DownloadTest, TwoProgramsDoNotShareAPart) {
  int depth = 0;
  std::string inner;
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  HttpClient client(limits);
  const DownloadRequest request{server.origin() + "/file", target, std::ssize(content),
                                hash_of(content)};
  DownloadHooks hooks;
  hooks.progress = [&](int64_t) {
    if (depth++ > 0) return;
    HttpClient other(limits);
    inner = expect_error([&] { download_file(other, request, {}, {}, cancel); }).what();
  };
  download_file(client, request, {}, hooks, cancel);
  expect_contains(inner, "another program is downloading it");
  expect_complete();
}

TEST_F(DownloadTest, AFolderThatCannotBeMadeIsTold) {
  folder.write("vae", "a file where the folder should be");
  expect_error(ErrorKind::kResource, "could not make the folder",
               [&] { get_from("http://127.0.0.1:1/f"); });
}

TEST_F(DownloadTest, AFullDiskIsTold) {
  // /dev/full is a disk that is full.
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  fs::create_directories(target.parent_path());
  fs::create_symlink("/dev/full", part());
  const HttpServer server(
      [&](const ServedRequest& request) { return answer_with_ranges(request, content, kTag); });
  const Error error = expect_error([&] { get(server); });
  EXPECT_EQ(error.kind(), ErrorKind::kResource);
  expect_contains(error.what(), "No space left on device; make room");
}

TEST(Sha256, AgreesWithTheStandard) {
  EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HttpClientText, ShowsNoSecrets) {
  EXPECT_EQ(public_url("https://me:pass@example.org:8443/a/b?sig=1#x"),
            "https://example.org:8443/a/b");
  EXPECT_EQ(public_url("https://example.org"), "https://example.org");
  EXPECT_EQ(status_text(404), "404 Not Found");
  EXPECT_EQ(status_text(599), "599");
}

}  // namespace
}  // namespace zanime::fetch
