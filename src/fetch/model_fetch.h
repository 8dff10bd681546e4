// What `zanime fetch` does, without the talking: which official files are missing or outdated in a
// models root, and getting them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "fetch/hub.h"
#include "fetch/model_lock.h"
#include "fetch/model_sources.h"

namespace zanime::fetch {

struct FetchOptions {
  Quantization quantization = Quantization::kFp8;
  bool all_in_one = false;
  // Reads the files that are there and compares their SHA-256, not only their length.
  bool verify = false;
  // Branch, tag or commit by repository; "" stands for all that have none of their own. Without
  // one, the catalogue's pinned commit.
  std::map<std::string, std::string> revisions = {};
  // Nothing goes over the network; files that are missing are an error.
  bool offline = false;

  // offline: ZANIME_DISABLE_COMFY_SOURCE_FETCH=1.
  static bool offline_by_environment();
};

enum class FetchState {
  kPresent,   // the right length, and with `verify` the right hash
  kMissing,   // perhaps with a part of it, see FetchItem::bytes_here
  kOutdated,  // fetched before, and the revision has another version
  kDiffers,   // something else, or damaged, under its name: will be replaced
};

struct FetchItem {
  ModelSource source;
  std::string file;  // FOLDER/NAME below the models root, as shown
  std::filesystem::path target;
  std::string commit;  // "" when offline and not known
  int64_t bytes = 0;   // 0: the same
  std::string sha256;
  FetchState state = FetchState::kMissing;
  bool verified = false;      // its hash was compared
  int64_t bytes_here = 0;     // of a part that will be continued
  int64_t bytes_present = 0;  // of what is there under its name
};

struct FetchPlan {
  std::vector<FetchItem> items;
  int64_t bytes_to_get = 0;
  int64_t bytes_free = 0;  // on the file system of the models root

  bool complete() const;
};

struct FetchHooks {
  // Of `item`: `bytes` of its length are read for the hash (`checking`) or are here.
  std::function<void(const FetchItem& item, bool checking, int64_t bytes)> progress = {};
  std::function<void(const std::string&)> note = {};
  std::function<void(const FetchItem& item, const DownloadResult& result)> done = {};
};

class ModelFetch {
 public:
  ModelFetch(std::filesystem::path models_root, FetchOptions options, HubSettings hub);

  // Asks the hub where the catalogue and the lock file do not tell. All files of a repository are
  // of one commit. Throws Error: what Hub::look_up throws; kFile when offline and files are
  // missing, and when the hub's facts are not those of the catalogue at its pinned revision;
  // kResource when the disk is too small or a folder cannot be written.
  FetchPlan plan(const FetchHooks& hooks, const CancelToken& cancel);

  // Downloads what is not present, the diffusion model last, and records each file in
  // zanime-models.json.
  void carry_out(const FetchPlan& plan, const FetchHooks& hooks, const CancelToken& cancel);

 private:
  std::string revision_of(const std::string& repository) const;
  void find_out(FetchItem& item, const CancelToken& cancel);
  void inspect(FetchItem& item, const ModelLock& lock, const FetchHooks& hooks,
               const CancelToken& cancel) const;
  void require_room(const FetchPlan& plan) const;
  void record(const FetchItem& item) const;

  std::filesystem::path root_;
  FetchOptions options_;
  Hub hub_;
  std::map<std::string, std::string> commits_;  // by repository, once the hub told
};

}  // namespace zanime::fetch
