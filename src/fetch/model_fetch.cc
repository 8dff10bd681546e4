#include "fetch/model_fetch.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/files/folders.h"
#include "base/text/size_text.h"
#include "fetch/model_folders.h"
#include "fetch/model_lock.h"
#include "fetch/sha256.h"

namespace zanime::fetch {
namespace fs = std::filesystem;
namespace {

// Left over on the disk, so that the system lives.
constexpr int64_t kReserve = 64 << 20;

// The nearest folder on the way up that is there.
fs::path existing_ancestor(fs::path path) {
  std::error_code error;
  path = fs::absolute(path, error);
  while (!fs::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return path;
}

// In the order of the plan, but the diffusion model last: the built-in one draws until it is there,
// and then the others have to be there too.
std::vector<const FetchItem*> in_order_of_download(const FetchPlan& plan) {
  std::vector<const FetchItem*> items;
  for (const FetchItem& item : plan.items) items.push_back(&item);
  std::stable_partition(items.begin(), items.end(), [](const FetchItem* item) {
    return item->source.folder != "diffusion_models";
  });
  return items;
}

bool is_catalogue_revision(const FetchItem& item) {
  return item.commit == model_repository(item.source.repository).revision;
}

}  // namespace

bool FetchOptions::offline_by_environment() {
  return is_switched_on("ZANIME_DISABLE_COMFY_SOURCE_FETCH");
}

bool FetchPlan::complete() const {
  return std::all_of(items.begin(), items.end(),
                     [](const FetchItem& item) { return item.state == FetchState::kPresent; });
}

ModelFetch::ModelFetch(fs::path models_root, FetchOptions options, HubSettings hub)
    : root_(std::move(models_root)), options_(std::move(options)), hub_(std::move(hub)) {
  for (const auto& [repository, revision] : options_.revisions) {
    if (repository.empty()) continue;
    const auto& known = model_repositories();
    if (std::none_of(known.begin(), known.end(), [&repository = repository](const auto& other) {
          return other.name == repository;
        })) {
      std::string names;
      for (const ModelRepository& other : known) {
        names += (names.empty() ? "" : " or ") + std::string(other.name);
      }
      throw Error(ErrorKind::kUsage, "no file comes from the repository '" + repository +
                                         "': a revision is for " + names);
    }
  }
}

std::string ModelFetch::revision_of(const std::string& repository) const {
  for (const std::string& key : {repository, std::string()}) {
    if (const auto found = options_.revisions.find(key); found != options_.revisions.end()) {
      return found->second;
    }
  }
  return std::string(model_repository(repository).revision);
}

// Fills in the commit, length and hash of the official file.
void ModelFetch::find_out(FetchItem& item, const CancelToken& cancel) {
  const std::string repository(item.source.repository), path(item.source.path);
  std::string revision = revision_of(repository);
  if (const auto known = commits_.find(repository); known != commits_.end()) {
    revision = known->second;
  }
  const HubFile file = hub_.look_up(repository, revision, path, cancel);
  if (is_commit(revision) && !file.commit.empty() && file.commit != revision) {
    throw Error(ErrorKind::kFile, public_url(hub_.endpoint()) + " answers for " + repository +
                                      " with commit " + file.commit + ", asked for was " +
                                      revision + "; is HF_ENDPOINT wrong?");
  }
  item.commit = file.commit.empty() ? revision : file.commit;
  commits_[repository] = item.commit;
  item.bytes = file.bytes;
  item.sha256 = file.sha256;
  if (!is_catalogue_revision(item)) return;
  const bool same_length = item.source.bytes == 0 || item.source.bytes == file.bytes;
  const bool same_hash = item.source.sha256.empty() || item.source.sha256 == file.sha256;
  if (same_length && same_hash) return;
  throw Error(
      ErrorKind::kFile,
      public_url(hub_.endpoint()) + " has another " + item.file +
          " than the one zanime knows at this revision: " + std::to_string(file.bytes) +
          " bytes with SHA-256 " + file.sha256 + ", known are " +
          (item.source.bytes > 0 ? std::to_string(item.source.bytes) + " bytes with " : "") +
          "SHA-256 " + std::string(item.source.sha256) +
          "; do not use that server, or ask for its newest with --revision main");
}

// Compares what is on the disk with what should be.
void ModelFetch::inspect(FetchItem& item, const ModelLock& lock, const FetchHooks& hooks,
                         const CancelToken& cancel) const {
  const std::optional<fs::path> present =
      find_in_model_folder(root_, item.source.folder, item.source.name);
  item.target =
      present.value_or(root_ / std::string(item.source.folder) / std::string(item.source.name));
  item.state = FetchState::kMissing;
  if (present) {
    item.bytes_present = static_cast<int64_t>(fs::file_size(*present));
    bool same = item.bytes == 0 || item.bytes_present == item.bytes;
    const auto fetched = lock.find(item.file);
    const bool of_another_version = fetched && fetched->bytes == item.bytes_present &&
                                    !item.sha256.empty() && fetched->sha256 != item.sha256;
    if (same && options_.verify && !item.sha256.empty()) {
      const auto progress = [&](int64_t bytes) {
        if (hooks.progress) hooks.progress(item, true, bytes);
      };
      same = sha256_of_file(*present, progress, cancel) == item.sha256;
      item.verified = true;
    }
    if (!item.verified && of_another_version) same = false;
    item.state = same                 ? FetchState::kPresent
                 : of_another_version ? FetchState::kOutdated
                                      : FetchState::kDiffers;
  }
  if (item.state != FetchState::kPresent && !item.sha256.empty()) {
    item.bytes_here = std::min(part_size(item.target, item.sha256), item.bytes);
  }
}

FetchPlan ModelFetch::plan(const FetchHooks& hooks, const CancelToken& cancel) {
  const ModelLock lock = ModelLock::load(root_);
  FetchPlan plan;
  std::string missing;
  for (const ModelSource& source : sources_to_fetch(options_.quantization, options_.all_in_one)) {
    FetchItem item;
    item.source = source;
    item.file = std::string(source.folder) + "/" + std::string(source.name);
    const std::string revision = revision_of(std::string(source.repository));
    const auto locked = lock.find(item.file);
    if (locked && locked->commit == revision && locked->repository == source.repository &&
        locked->path == source.path) {
      item.commit = revision;
      item.bytes = locked->bytes;
      item.sha256 = locked->sha256;
    } else if (revision == model_repository(source.repository).revision && source.bytes > 0) {
      item.commit = revision;
      item.bytes = source.bytes;
      item.sha256 = source.sha256;
    }
    if (options_.offline || item.bytes > 0) inspect(item, lock, hooks, cancel);
    if (!options_.offline && item.state != FetchState::kPresent) {
      find_out(item, cancel);
      inspect(item, lock, hooks, cancel);
    }
    if (item.state != FetchState::kPresent) {
      plan.bytes_to_get += item.bytes - item.bytes_here;
      missing += (missing.empty() ? "" : ", ") + item.file;
    }
    plan.items.push_back(std::move(item));
  }
  if (options_.offline && !missing.empty()) {
    throw Error(ErrorKind::kFile,
                "downloads are switched off (ZANIME_DISABLE_COMFY_SOURCE_FETCH=1), and in " +
                    root_.string() + " these are missing or not the official ones: " + missing +
                    ". Unset the variable, or put the files there yourself (MODELS_SOURCE.md says "
                    "where they come from)");
  }
  plan.bytes_free = files::free_bytes(existing_ancestor(root_));
  if (!plan.complete()) require_room(plan);
  return plan;
}

void ModelFetch::require_room(const FetchPlan& plan) const {
  // Folders may be links to other disks.
  std::map<fs::path, int64_t> wanted;
  for (const FetchItem& item : plan.items) {
    if (item.state == FetchState::kPresent) continue;
    const fs::path folder = existing_ancestor(item.target.parent_path());
    if (!fs::is_directory(folder) || access(folder.c_str(), W_OK | X_OK) != 0) {
      throw Error(ErrorKind::kResource,
                  folder.string() +
                      (fs::is_directory(folder) ? " cannot be written to" : " is not a folder") +
                      "; choose another models root with --models-root DIR or "
                      "ZANIME_MODELS_ROOT");
    }
    wanted[folder] += item.bytes - item.bytes_here;
  }
  std::map<dev_t, std::pair<fs::path, int64_t>> by_disk;
  for (const auto& [folder, bytes] : wanted) {
    struct stat status {};
    std::error_code error;
    const fs::space_info space = fs::space(folder, error);
    if (error || stat(folder.c_str(), &status) != 0) continue;
    auto& [first, sum] = by_disk[status.st_dev];
    if (sum == 0) first = folder;
    sum += bytes;
    if (sum + kReserve > static_cast<int64_t>(space.available)) {
      throw Error(ErrorKind::kResource,
                  "not enough room for the models: " + text::size_text(sum) +
                      " are to be downloaded to " + first.string() + ", and " +
                      text::size_text(static_cast<int64_t>(space.available)) +
                      " are free there; make room, or choose another disk with --models-root DIR");
    }
  }
}

void ModelFetch::carry_out(const FetchPlan& plan, const FetchHooks& hooks,
                           const CancelToken& cancel) {
  for (const FetchItem* next : in_order_of_download(plan)) {
    const FetchItem& item = *next;
    if (item.state == FetchState::kPresent) {
      if (item.verified) record(item);
      continue;
    }
    DownloadHooks download;
    download.note = hooks.note;
    download.progress = [&](int64_t bytes) {
      if (hooks.progress) hooks.progress(item, false, bytes);
    };
    download.checking = [&](int64_t bytes) {
      if (hooks.progress) hooks.progress(item, true, bytes);
    };
    const DownloadResult result =
        hub_.download(std::string(item.source.repository), std::string(item.source.path),
                      {item.commit, item.bytes, item.sha256}, item.target, download, cancel);
    record(item);
    if (hooks.done) hooks.done(item, result);
  }
}

void ModelFetch::record(const FetchItem& item) const {
  if (!is_commit(item.commit)) return;  // a mirror that does not say which one it has
  ModelLock lock = ModelLock::load(root_);
  const LockedFile entry{std::string(item.source.repository), item.commit,
                         std::string(item.source.path), item.bytes, item.sha256};
  if (lock.find(item.file) == entry) return;
  lock.record(item.file, entry);
  lock.save(root_);
}

}  // namespace zanime::fetch
