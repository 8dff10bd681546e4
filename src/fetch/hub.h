// The model hub (huggingface.co, or the mirror in HF_ENDPOINT): files of repositories by revision.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/cancel.h"
#include "fetch/download.h"
#include "fetch/http_client.h"
#include "fetch/retry.h"

namespace zanime::fetch {

struct HubSettings {
  std::string endpoint = "https://huggingface.co";  // no slash at its end
  std::string token = {};                           // "": none
  HttpLimits limits = {};
  RetryPolicy retry = {};

  // HF_ENDPOINT and HF_TOKEN. Throws Error(kUsage) when they cannot be what they should be.
  static HubSettings from_environment();
};

struct HubFile {
  std::string commit;  // full hash that the revision stands for; "" when the hub does not say
  int64_t bytes = 0;
  std::string sha256;  // lower-case hex
};

class Hub {
 public:
  explicit Hub(HubSettings settings);

  const std::string& endpoint() const { return settings_.endpoint; }

  // What the hub knows of a file, without getting it. `revision` is a branch, tag or commit. Throws
  // Error with what to do: a token or consent missing, no such file, a web page in place of the
  // answer, no network.
  HubFile look_up(const std::string& repository, const std::string& revision,
                  const std::string& path, const CancelToken& cancel);

  // Downloads it: see download_file(). `file` is what look_up() said.
  DownloadResult download(const std::string& repository, const std::string& path,
                          const HubFile& file, const std::filesystem::path& target,
                          const DownloadHooks& hooks, const CancelToken& cancel);

 private:
  std::string file_url(const std::string& repository, const std::string& revision,
                       const std::string& path) const;
  // The same error with what to do about it.
  Error explained(const HttpStatusError& error, const std::string& repository) const;

  HubSettings settings_;
  HttpClient client_;
};

// Forty hex digits?
bool is_commit(const std::string& revision);

}  // namespace zanime::fetch
