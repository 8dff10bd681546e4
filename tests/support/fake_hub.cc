#include "tests/support/fake_hub.h"

#include <algorithm>

#include "fetch/sha256.h"

namespace zanime::testing {

FakeHub::FakeHub()
    : files{{"SeeSee21/Z-Anime/diffusion_models/z-anime-distill-8step-fp8.safetensors",
             std::string(50'000, 'd')},
            {"SeeSee21/Z-Anime/diffusion_models/z-anime-distill-8step-bf16.safetensors",
             std::string(100'000, 'D')},
            {"SeeSee21/Z-Anime/text_encoder/qwen_3_4b-fp8.safetensors", std::string(30'000, 't')},
            {"SeeSee21/Z-Anime/text_encoder/qwen_3_4b-bf16.safetensors", std::string(60'000, 'T')},
            {"SeeSee21/Z-Anime/aio/z-anime-distill-8step-aio-fp8.safetensors",
             std::string(80'000, 'a')},
            {"Comfy-Org/z_image_turbo/split_files/vae/ae.safetensors", std::string(10'000, 'v')}},
      store_([this](const ServedRequest& request) { return answer_as_store(request); }),
      hub_([this](const ServedRequest& request) { return answer_as_hub(request); }) {}

size_t FakeHub::hub_requests(std::string_view method) const {
  const auto requests = hub_.requests();
  return static_cast<size_t>(
      std::count_if(requests.begin(), requests.end(),
                    [&](const ServedRequest& request) { return request.method == method; }));
}

// /OWNER/NAME/resolve/REVISION/PATH
ServedAnswer FakeHub::answer_as_hub(const ServedRequest& request) const {
  if (hub_fault) {
    if (auto answer = hub_fault(request)) return *answer;
  }
  static const std::string kResolve = "/resolve/";
  const size_t resolve = request.target.find(kResolve);
  const size_t revision = resolve + kResolve.size();
  const size_t path = request.target.find('/', revision);
  if (resolve == std::string::npos || path == std::string::npos) return {.status = 404};
  const std::string name = request.target.substr(1, resolve) + request.target.substr(path + 1);
  const std::string commit = request.target.substr(revision, path - revision);
  const auto file = files.find(name);
  if (file == files.end()) {
    return {.status = 404, .fields = {{"X-Error-Code", "EntryNotFound"}}};
  }
  return {.status = 302,
          .fields = {{"X-Repo-Commit", commit == "main" ? main_commit : commit},
                     {"X-Linked-Size", std::to_string(file->second.size())},
                     {"X-Linked-ETag", "\"" + sha256_hex(file->second) + "\""},
                     {"Location", store_.origin("localhost") + "/" + name + "?signature=secret"}}};
}

ServedAnswer FakeHub::answer_as_store(const ServedRequest& request) const {
  if (store_fault) {
    if (auto answer = store_fault(request)) return *answer;
  }
  const auto file = files.find(request.target.substr(1, request.target.find('?') - 1));
  if (file == files.end()) return {.status = 403};
  return answer_with_ranges(request, file->second, "\"" + sha256_hex(file->second) + "\"");
}

std::string sha256_hex(const std::string& content) {
  fetch::Sha256 hash;
  hash.update(content.data(), content.size());
  return hash.finish();
}

}  // namespace zanime::testing
