// Fetching the official files from a hub on this machine.
#include "fetch/model_fetch.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/error.h"
#include "fetch/model_lock.h"
#include "fetch/model_sources.h"
#include "tests/support/environment.h"
#include "tests/support/expect_error.h"
#include "tests/support/fake_hub.h"
#include "tests/support/scratch_folder.h"

namespace zanime::fetch {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;
using Names = std::vector<std::string>;

const std::string kMain(40, 'c');

std::string fetched(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ModelFetchTest : public ::testing::Test {
 protected:
  // The files of the test hub are not those of the catalogue's pinned revisions.
  ModelFetchTest() { options.revisions = {{"", "main"}}; }

  ModelFetch make() const {
    HubSettings settings;
    settings.endpoint = hub.origin();
    settings.token = token;
    settings.retry.sleep = [](double, const CancelToken&) {};
    return ModelFetch(root.path(), options, settings);
  }
  FetchPlan plan() const { return make().plan({}, cancel); }
  FetchPlan fetch() {
    ModelFetch work = make();
    const FetchPlan plan = work.plan({}, cancel);
    work.carry_out(plan, {}, cancel);
    return plan;
  }
  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((root / name).parent_path());
    root.write(name, content);
  }
  static Names states(const FetchPlan& plan) {
    static const Names kWords{"present", "missing", "outdated", "differs"};
    Names words;
    for (const FetchItem& item : plan.items) words.push_back(kWords[static_cast<int>(item.state)]);
    return words;
  }

  FakeHub hub;
  ScratchFolder root;
  FetchOptions options;
  std::string token;
  CancelToken cancel;
};

TEST_F(ModelFetchTest, BringsTheDefaultsAndRecordsThem) {
  const FetchPlan plan = fetch();
  EXPECT_EQ(states(plan), (Names{"missing", "missing", "missing"}));
  EXPECT_EQ(plan.bytes_to_get, 90'000);
  EXPECT_GT(plan.bytes_free, 90'000);
  EXPECT_EQ(fetched(root / "diffusion_models/z-anime-distill-8step-fp8.safetensors"),
            std::string(50'000, 'd'));
  EXPECT_EQ(fetched(root / "text_encoders/qwen_3_4b-fp8.safetensors"), std::string(30'000, 't'));
  EXPECT_EQ(fetched(root / "vae/ae.safetensors"), std::string(10'000, 'v'));

  const auto lock = nlohmann::json::parse(fetched(root / "zanime-models.json"));
  EXPECT_EQ(lock["files"].size(), 3u);
  const nlohmann::json expected = {{"repository", "Comfy-Org/z_image_turbo"},
                                   {"commit", kMain},
                                   {"path", "split_files/vae/ae.safetensors"},
                                   {"bytes", 10'000},
                                   {"sha256", sha256_hex(std::string(10'000, 'v'))}};
  EXPECT_EQ(lock["files"]["vae/ae.safetensors"], expected);
}

TEST_F(ModelFetchTest, QuantizationAndAllInOneChooseTheFiles) {
  options.quantization = Quantization::kBf16;
  Names files;
  for (const FetchItem& item : plan().items) files.push_back(item.file);
  EXPECT_EQ(files, (Names{"diffusion_models/z-anime-distill-8step-bf16.safetensors",
                          "text_encoders/qwen_3_4b-bf16.safetensors", "vae/ae.safetensors"}));
  options.quantization = Quantization::kFp8;
  options.all_in_one = true;
  EXPECT_EQ(plan().items.back().file, "checkpoints/z-anime-distill-8step-aio-fp8.safetensors");
  EXPECT_EQ(plan().bytes_to_get, 170'000);
}

TEST_F(ModelFetchTest, AllFilesOfARepositoryAreOfOneCommit) {
  // main moves on after the first question.
  hub.hub_fault = [&](const ServedRequest& request) -> std::optional<ServedAnswer> {
    if (request.target.find("/main/") == std::string::npos) return std::nullopt;
    if (hub.hub_requests("HEAD") > 1) hub.main_commit = std::string(40, 'e');
    return std::nullopt;
  };
  const FetchPlan plan = fetch();
  EXPECT_EQ(plan.items[0].commit, kMain);
  EXPECT_EQ(plan.items[1].commit, kMain);
  for (const ServedRequest& request : hub.hub().requests()) {
    if (request.method != "GET") continue;
    EXPECT_EQ(request.target.find("/main/"), std::string::npos) << request.target;
  }
}

TEST_F(ModelFetchTest, TheTokenGoesToTheHubOnly) {
  token = "hf_secret";
  fetch();
  for (const ServedRequest& request : hub.hub().requests()) {
    EXPECT_EQ(request.field("authorization"), "Bearer hf_secret");
  }
  ASSERT_EQ(hub.store().requests().size(), 3u);
  for (const ServedRequest& request : hub.store().requests()) {
    EXPECT_EQ(request.field("authorization"), "");
  }
}

TEST_F(ModelFetchTest, WhatIsThereIsNotLoadedAgain) {
  fetch();
  const size_t before = hub.store().requests().size();
  EXPECT_TRUE(plan().complete());
  fetch();
  EXPECT_EQ(hub.store().requests().size(), before);
}

TEST_F(ModelFetchTest, AFixedCommitThatIsThereNeedsNoNetwork) {
  options.revisions = {{"", kMain}};
  fetch();
  const size_t before = hub.hub().requests().size();
  options.verify = true;
  const FetchPlan plan = this->plan();
  EXPECT_TRUE(plan.complete());
  EXPECT_TRUE(plan.items[0].verified);
  EXPECT_EQ(hub.hub().requests().size(), before);
}

TEST_F(ModelFetchTest, FilesUnderTheOldFolderNamesCount) {
  write("unet/z-anime-distill-8step-fp8.safetensors", std::string(50'000, 'd'));
  write("clip/qwen_3_4b-fp8.safetensors", "short");
  const FetchPlan plan = fetch();
  EXPECT_EQ(states(plan), (Names{"present", "differs", "missing"}));
  // Replaced where it was.
  EXPECT_EQ(fetched(root / "clip/qwen_3_4b-fp8.safetensors"), std::string(30'000, 't'));
  EXPECT_FALSE(fs::exists(root / "text_encoders"));
}

TEST_F(ModelFetchTest, VerifyFindsWhatTheLengthDoesNot) {
  fetch();
  write("vae/ae.safetensors", std::string(9'999, 'v') + "x");
  EXPECT_TRUE(plan().complete());
  options.verify = true;
  EXPECT_EQ(states(plan()), (Names{"present", "present", "differs"}));
  fetch();
  EXPECT_EQ(fetched(root / "vae/ae.safetensors"), std::string(10'000, 'v'));
}

// Opening a pipe that nobody writes to would wait for ever.
TEST(ModelLock, IsAFile) {
  const ScratchFolder folder;
  ASSERT_EQ(mkfifo((folder / ModelLock::kFileName).c_str(), 0600), 0);
  EXPECT_FALSE(ModelLock::load(folder.path()).find("vae/ae.safetensors"));
}

TEST_F(ModelFetchTest, ANewerVersionReplacesWhatWasFetched) {
  fetch();
  hub.main_commit = std::string(40, 'f');
  hub.files["Comfy-Org/z_image_turbo/split_files/vae/ae.safetensors"] = std::string(10'000, 'w');
  EXPECT_EQ(states(plan()), (Names{"present", "present", "outdated"}));
  fetch();
  EXPECT_EQ(fetched(root / "vae/ae.safetensors"), std::string(10'000, 'w'));
  EXPECT_EQ(ModelLock::load(root.path()).find("vae/ae.safetensors")->commit, hub.main_commit);
}

TEST_F(ModelFetchTest, AnInterruptedRunIsContinued) {
  hub.store_fault = [&](const ServedRequest& request) -> std::optional<ServedAnswer> {
    if (request.target.find("qwen") == std::string::npos) return std::nullopt;
    ServedAnswer answer = answer_with_ranges(request, std::string(30'000, 't'), "\"t\"");
    answer.cut_after = 1'000;
    return answer;
  };
  write("vae/ae.safetensors", std::string(10'000, 'v'));
  expect_error(ErrorKind::kResource, "(tried 6 times)", [&] { fetch(); });
  hub.store_fault = {};
  const FetchPlan plan = this->plan();
  EXPECT_EQ(states(plan), (Names{"missing", "missing", "present"}));
  EXPECT_EQ(plan.items[1].bytes_here, 6'000);
  EXPECT_EQ(plan.bytes_to_get, 74'000);
  fetch();
  EXPECT_TRUE(this->plan().complete());
}

// Where it is there, it is the default, and wants the others.
TEST_F(ModelFetchTest, TheDiffusionModelComesLast) {
  options.all_in_one = true;
  fetch();
  const auto requests = hub.store().requests();
  ASSERT_EQ(requests.size(), 4u);
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(requests[i].target.find("/diffusion_models/") != std::string::npos, i == 3)
        << requests[i].target;
  }
}

TEST_F(ModelFetchTest, TheHubsFactsMustBeThoseOfTheCatalogue) {
  options.revisions = {};
  const Error error = expect_error([&] { plan(); });
  EXPECT_EQ(error.kind(), ErrorKind::kFile);
  for (const char* part : {"has another diffusion_models/z-anime-distill-8step-fp8.safetensors",
                           "50000 bytes", "known are 6154968720 bytes", "--revision main"}) {
    expect_contains(error.what(), part);
  }
}

TEST_F(ModelFetchTest, AnotherCommitThanAskedForIsAnError) {
  options.revisions = {{"SeeSee21/Z-Anime", std::string(40, 'a')}, {"", "main"}};
  hub.hub_fault = [&](const ServedRequest&) {
    return ServedAnswer{.status = 302,
                        .fields = {{"X-Repo-Commit", std::string(40, 'b')},
                                   {"X-Linked-Size", "5"},
                                   {"X-Linked-ETag", sha256_hex("x")},
                                   {"Location", "/elsewhere"}}};
  };
  expect_error(ErrorKind::kFile, "with commit bbbb", [&] { plan(); });
}

TEST_F(ModelFetchTest, ARevisionIsForAKnownRepository) {
  options.revisions = {{"SeeSee21/Z-Animee", "main"}};
  expect_error(ErrorKind::kUsage, "a revision is for SeeSee21/Z-Anime or", [&] { make(); });
}

TEST_F(ModelFetchTest, AMirrorThatTellsNoCommitWillDo) {
  hub.hub_fault = [&](const ServedRequest& request) -> std::optional<ServedAnswer> {
    if (request.method != "HEAD") return std::nullopt;
    const std::string name =
        "SeeSee21/Z-Anime/" + request.target.substr(request.target.find("/main/") + 6);
    const auto file = hub.files.find(name);
    const std::string content = file == hub.files.end() ? std::string(10'000, 'v') : file->second;
    return ServedAnswer{.status = 200,
                        .fields = {{"X-Linked-Size", std::to_string(content.size())},
                                   {"X-Linked-ETag", sha256_hex(content)}}};
  };
  fetch();
  EXPECT_EQ(fetched(root / "vae/ae.safetensors"), std::string(10'000, 'v'));
  EXPECT_FALSE(fs::exists(root / "zanime-models.json"));
}

TEST_F(ModelFetchTest, RenamedRepositoriesAreFollowed) {
  hub.hub_fault = [&](const ServedRequest& request) -> std::optional<ServedAnswer> {
    static const std::string kNow = "/Comfy-Org/z_image_turbo/";
    if (request.target.starts_with(kNow)) {
      return ServedAnswer{
          .status = 307,
          .fields = {{"Location", "/Moved/vae" + request.target.substr(kNow.size() - 1)}}};
    }
    return std::nullopt;
  };
  hub.files["Moved/vae/split_files/vae/ae.safetensors"] = std::string(10'000, 'v');
  EXPECT_EQ(plan().items[2].bytes, 10'000);
}

struct HubRefusal {
  friend void PrintTo(const HubRefusal& refusal, std::ostream* out) { *out << refusal.name; }

  const char* name;
  ServedAnswer answer;
  bool with_token;
  ErrorKind kind;
  std::vector<const char*> parts;
};

class ModelFetchRefusal : public ModelFetchTest,
                          public ::testing::WithParamInterface<HubRefusal> {};

TEST_P(ModelFetchRefusal, SaysWhatToDo) {
  if (GetParam().with_token) token = "hf_secret";
  hub.hub_fault = [&](const ServedRequest&) { return GetParam().answer; };
  const Error error = expect_error([&] { fetch(); });
  EXPECT_EQ(error.kind(), GetParam().kind) << error.what();
  for (const char* part : GetParam().parts) expect_contains(error.what(), part);
  EXPECT_EQ(std::string(error.what()).find("hf_secret"), std::string::npos);
  EXPECT_EQ(root.file_count(), 0u);
}

ServedAnswer status(int number, const char* code = "") {
  ServedAnswer answer{.status = number};
  if (*code != '\0') answer.fields = {{"X-Error-Code", code}};
  return answer;
}

INSTANTIATE_TEST_SUITE_P(
    Hub, ModelFetchRefusal,
    ::testing::Values(
        HubRefusal{"Needs a token",
                   status(401),
                   false,
                   ErrorKind::kFile,
                   {"answered 401 Unauthorized", "set HF_TOKEN", "/settings/tokens"}},
        HubRefusal{
            "Token refused", status(401), true, ErrorKind::kFile, {"HF_TOKEN is not accepted"}},
        HubRefusal{"Gated",
                   status(401, "GatedRepo"),
                   false,
                   ErrorKind::kFile,
                   {"accept conditions", "/SeeSee21/Z-Anime", "then set HF_TOKEN"}},
        HubRefusal{"Gated for this token",
                   status(403, "GatedRepo"),
                   true,
                   ErrorKind::kFile,
                   {"403 Forbidden", "with the account of HF_TOKEN"}},
        HubRefusal{"No file",
                   status(404, "EntryNotFound"),
                   false,
                   ErrorKind::kFile,
                   {"no such file at this revision", "--revision main"}},
        HubRefusal{"No revision",
                   status(404, "RevisionNotFound"),
                   false,
                   ErrorKind::kFile,
                   {"no such revision", "/SeeSee21/Z-Anime/commits/main"}},
        HubRefusal{"Proxy", status(407), false, ErrorKind::kFile, {"https_proxy=http://NAME"}},
        HubRefusal{"Down",
                   status(503),
                   false,
                   ErrorKind::kResource,
                   {"503 Service Unavailable", "(tried 3 times)"}},
        HubRefusal{"Web page",
                   {.fields = {{"Content-Type", "text/html"}}, .body = "<html>"},
                   false,
                   ErrorKind::kFile,
                   {"a web page", "log-in in the browser"}},
        HubRefusal{"No facts", {.body = "{}"}, false, ErrorKind::kFile, {"length and hash"}}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::erase(name, ' ');
      return name;
    });

TEST_F(ModelFetchTest, NoNetwork) {
  HubSettings settings;
  settings.endpoint = "http://127.0.0.1:1";
  settings.retry.sleep = [](double, const CancelToken&) {};
  ModelFetch work(root.path(), options, settings);
  expect_error(ErrorKind::kResource, "is there a network", [&] { work.plan({}, cancel); });
}

TEST_F(ModelFetchTest, OfflineNamesWhatIsMissing) {
  options.offline = true;
  options.revisions = {};
  write("diffusion_models/z-anime-distill-8step-fp8.safetensors", "x");
  const Error error = expect_error([&] { plan(); });
  EXPECT_EQ(error.kind(), ErrorKind::kFile);
  for (const char* part :
       {"ZANIME_DISABLE_COMFY_SOURCE_FETCH=1", "z-anime-distill-8step-fp8.safetensors, ",
        "text_encoders/qwen_3_4b-fp8.safetensors, vae/ae.safetensors", "MODELS_SOURCE.md"}) {
    expect_contains(error.what(), part);
  }
  EXPECT_TRUE(hub.hub().requests().empty());
}

TEST_F(ModelFetchTest, OfflineWithEverythingThereIsFine) {
  options.revisions = {{"", kMain}};
  fetch();
  const size_t before = hub.hub().requests().size();
  options.offline = true;
  EXPECT_TRUE(plan().complete());
  EXPECT_EQ(hub.hub().requests().size(), before);
}

TEST_F(ModelFetchTest, ADiskThatIsTooSmallIsToldBefore) {
  hub.hub_fault = [&](const ServedRequest&) {
    return ServedAnswer{.status = 302,
                        .fields = {{"X-Linked-Size", "1000000000000000"},
                                   {"X-Linked-ETag", sha256_hex("x")},
                                   {"Location", "/elsewhere"}}};
  };
  const Error error = expect_error([&] { fetch(); });
  EXPECT_EQ(error.kind(), ErrorKind::kResource);
  expect_contains(error.what(), "not enough room for the models: 3000 TB are to be downloaded");
  EXPECT_EQ(root.file_count(), 0u);
}

TEST_F(ModelFetchTest, AFolderThatIsAFileIsToldBefore) {
  root.write("vae", "");
  expect_error(ErrorKind::kResource, "is not a folder; choose another models root",
               [&] { fetch(); });
  EXPECT_EQ(hub.hub_requests("GET"), 0u);
}

TEST_F(ModelFetchTest, ADamagedLockFileIsIgnoredAndWrittenAnew) {
  root.write("zanime-models.json", "{\"version\": 1, \"files\": {\"vae/ae.safetensors\": 3}}");
  fetch();
  EXPECT_EQ(ModelLock::load(root.path()).find("vae/ae.safetensors")->bytes, 10'000);
}

TEST(HubSettings, ComeFromTheEnvironment) {
  {
    const ScopedVariable endpoint("HF_ENDPOINT", "https://mirror.example//");
    const ScopedVariable token("HF_TOKEN", " hf_abc\n");
    EXPECT_EQ(HubSettings::from_environment().endpoint, "https://mirror.example");
    EXPECT_EQ(HubSettings::from_environment().token, "hf_abc");
  }
  {
    const ScopedVariable endpoint("HF_ENDPOINT", "mirror.example");
    expect_error(ErrorKind::kUsage, "HF_ENDPOINT is 'mirror.example'",
                 [] { HubSettings::from_environment(); });
  }
  const ScopedVariable endpoint("HF_ENDPOINT", std::nullopt);
  const ScopedVariable token("HF_TOKEN", "hf_a\r\nX-Evil: 1");
  const Error error = expect_error([] { HubSettings::from_environment(); });
  expect_contains(error.what(), "HF_TOKEN holds");
  EXPECT_EQ(std::string(error.what()).find("Evil"), std::string::npos);
}

TEST(HubSettings, ATokenNeedsAProtectedConnection) {
  // A name that leads nowhere: what matters is what would be sent.
  HubSettings settings;
  settings.endpoint = "http://hub.example";
  settings.token = "hf_secret";
  EXPECT_NO_THROW(Hub{settings});
}

TEST(ModelSources, AreConsistent) {
  for (const ModelRepository& repository : model_repositories()) {
    EXPECT_TRUE(is_commit(std::string(repository.revision))) << repository.name;
  }
  for (const ModelSource& source : model_sources()) {
    EXPECT_NO_THROW(model_repository(source.repository));
    EXPECT_TRUE(source.path.ends_with(source.name)) << source.path;
    EXPECT_TRUE(source.sha256.empty() || source.sha256.size() == 64) << source.name;
    EXPECT_TRUE(source.bytes == 0 || !source.sha256.empty()) << source.name;
  }
  EXPECT_EQ(sources_to_fetch(Quantization::kFp8, false).size(), 3u);
  EXPECT_EQ(sources_to_fetch(Quantization::kBf16, true).size(), 4u);
}

}  // namespace
}  // namespace zanime::fetch
