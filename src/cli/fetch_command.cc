// `zanime fetch`: gets the official model files.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text/size_text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/models_root_option.h"
#include "cli/progress_view.h"
#include "cli/terminal.h"
#include "cli/transfer_view.h"
#include "engine/models_root.h"
#include "fetch/model_fetch.h"

namespace zanime::cli {
namespace {

using nlohmann::ordered_json;

struct FetchCommandOptions {
  fetch::FetchOptions fetch;
  std::string models_root;
  std::vector<std::string> with;
  std::vector<std::string> revisions;  // [REPOSITORY=]REVISION
  bool yes = false;
  bool dry_run = false;
};

std::map<std::string, std::string> parse_revisions(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> revisions;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    const std::string repository = equals == std::string::npos ? "" : text.substr(0, equals);
    const std::string revision = equals == std::string::npos ? text : text.substr(equals + 1);
    if (revision.empty() || (equals == 0)) {
      throw Error(ErrorKind::kUsage, "--revision '" + text +
                                         "' is none: it is a branch, tag or commit, or "
                                         "REPOSITORY=REVISION");
    }
    if (!revisions.emplace(repository, revision).second) {
      throw Error(ErrorKind::kUsage, "--revision is given twice for " +
                                         (repository.empty() ? "all repositories" : repository));
    }
  }
  return revisions;
}

std::string state_text(const fetch::FetchItem& item) {
  switch (item.state) {
    case fetch::FetchState::kPresent:
      return item.verified ? "here, verified" : "here";
    case fetch::FetchState::kMissing:
      return item.bytes_here > 0 ? text::size_text(item.bytes_here) + " of it are here"
                                 : "to download";
    case fetch::FetchState::kOutdated:
      return "another version is here, will be replaced";
    case fetch::FetchState::kDiffers:
      return item.verified && item.bytes_present == item.bytes
                 ? "damaged, will be replaced"
                 : "another file of " + text::size_text(item.bytes_present) +
                       " is here, will be replaced";
  }
  return "";
}

std::string state_word(fetch::FetchState state) {
  switch (state) {
    case fetch::FetchState::kPresent:
      return "present";
    case fetch::FetchState::kMissing:
      return "missing";
    case fetch::FetchState::kOutdated:
      return "outdated";
    case fetch::FetchState::kDiffers:
      return "different";
  }
  return "";
}

// Where the files are from: a line per repository.
void print_sources(const fetch::FetchPlan& plan, std::ostream& out) {
  constexpr size_t kShortCommit = 12;
  std::vector<std::string_view> seen;
  for (const fetch::FetchItem& item : plan.items) {
    if (item.commit.empty()) continue;
    if (std::find(seen.begin(), seen.end(), item.source.repository) != seen.end()) continue;
    seen.push_back(item.source.repository);
    const fetch::ModelRepository& repository = fetch::model_repository(item.source.repository);
    out << "  from " << repository.name << " at "
        << printable(fetch::is_commit(item.commit) ? item.commit.substr(0, kShortCommit)
                                                   : item.commit)
        << "  (licence: " << repository.licence << ")\n";
  }
}

void print_table(const fetch::FetchPlan& plan, const std::filesystem::path& root,
                 std::ostream& out) {
  size_t widest = 0;
  for (const fetch::FetchItem& item : plan.items) widest = std::max(widest, item.file.size());
  out << "Model files in " << printable(root.string()) << ":\n";
  for (const fetch::FetchItem& item : plan.items) {
    const std::string size = item.bytes > 0 ? text::size_text(item.bytes) : "";
    constexpr size_t kSizeWidth = 9;
    out << "  " << item.file << std::string(widest - item.file.size(), ' ')
        << std::string(kSizeWidth - std::min(kSizeWidth, size.size()), ' ') << size << "  "
        << state_text(item) << '\n';
  }
  print_sources(plan, out);
  if (!plan.complete()) {
    out << "To download: " << text::size_text(plan.bytes_to_get);
    if (plan.bytes_free > 0) out << "; free on the disk: " << text::size_text(plan.bytes_free);
    out << '\n';
  }
}

// One line from standard input, watching for Ctrl-C meanwhile. False at its end.
bool read_line(std::string& line, const CancelToken& cancel) {
  for (char byte = 0;;) {
    cancel.throw_if_cancelled();
    pollfd input{STDIN_FILENO, POLLIN, 0};
    constexpr int kLookAgainMs = 100;
    const int ready = poll(&input, 1, kLookAgainMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    if (read(STDIN_FILENO, &byte, 1) != 1) return false;
    if (byte == '\n') return true;
    line += byte;
  }
}

bool wants_to_go_on(const CancelToken& cancel) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1) {
    throw Error(ErrorKind::kUsage,
                "there is no terminal to ask on whether to download; say so with --yes");
  }
  for (;;) {
    std::cerr << "Download? [Y/n] " << std::flush;
    std::string answer;
    if (!read_line(answer, cancel)) {
      std::cerr << '\n';
      return false;
    }
    if (answer.empty() || answer == "y" || answer == "Y" || answer == "yes") return true;
    if (answer == "n" || answer == "N" || answer == "no") return false;
  }
}

ordered_json as_json(const fetch::FetchPlan& plan, const std::filesystem::path& root,
                     const std::map<std::string, fetch::DownloadResult>& downloaded,
                     double seconds) {
  ordered_json files = ordered_json::array();
  for (const fetch::FetchItem& item : plan.items) {
    const auto result = downloaded.find(item.file);
    files.push_back({{"file", item.file},
                     {"path", item.target.string()},
                     {"repository", item.source.repository},
                     {"commit", item.commit},
                     {"bytes", item.bytes},
                     {"sha256", item.sha256},
                     {"state", result != downloaded.end() ? "downloaded" : state_word(item.state)},
                     {"verified", item.verified || result != downloaded.end()},
                     {"bytes_received", result != downloaded.end() ? result->second.received : 0}});
  }
  return {{"models_root", root.string()}, {"files", std::move(files)}, {"seconds", seconds}};
}

void fetch(FetchCommandOptions options, const GlobalOptions& globals, const CancelToken& cancel) {
  const auto start = std::chrono::steady_clock::now();
  options.fetch.revisions = parse_revisions(options.revisions);
  options.fetch.all_in_one = !options.with.empty();
  options.fetch.offline = fetch::FetchOptions::offline_by_environment();
  const std::filesystem::path root = options.models_root.empty()
                                         ? engine::ModelsRoot::default_path()
                                         : std::filesystem::path(options.models_root);
  fetch::ModelFetch work(root, options.fetch, fetch::HubSettings::from_environment());

  TransferView view(globals);
  std::map<std::string, fetch::DownloadResult> downloaded;
  fetch::FetchHooks hooks;
  hooks.progress = [&view](const fetch::FetchItem& item, bool checking, int64_t bytes) {
    view.show((checking ? "checking " : "") + std::string(item.source.name), bytes, item.bytes);
  };
  hooks.note = [&view](const std::string& text) {
    view.clear();
    log_info(text);
  };
  hooks.done = [&](const fetch::FetchItem& item, const fetch::DownloadResult& result) {
    view.clear();
    downloaded[item.file] = result;
    if (!globals.json && !globals.quiet) {
      std::cout << printable(item.target.string()) << "  " << text::size_text(item.bytes)
                << ", verified" << std::endl;
    }
  };

  const fetch::FetchPlan plan = work.plan(hooks, cancel);
  view.clear();
  const auto finish = [&] {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (globals.json) {
      std::cout << json_text(as_json(plan, root, downloaded, seconds)) << '\n';
    } else if (!downloaded.empty() && !globals.quiet) {
      std::cout << "done in " << duration_text(seconds) << '\n';
    }
  };

  if (plan.complete() || options.dry_run) {
    if (!globals.json && !globals.quiet) {
      print_table(plan, root, std::cout);
      if (plan.complete()) std::cout << "Everything is here.\n";
    }
    if (!options.dry_run) work.carry_out(plan, hooks, cancel);  // records what was verified
    finish();
    return;
  }
  // The question is about the table: it is shown even when asked to be quiet.
  if (!globals.quiet || !options.yes) print_table(plan, root, std::cerr);
  if (!options.yes && !wants_to_go_on(cancel)) {
    throw Error(ErrorKind::kCancelled, "nothing was downloaded");
  }
  work.carry_out(plan, hooks, cancel);
  finish();
}

}  // namespace

void add_fetch_command(CLI::App& app, const GlobalOptions& globals, const CancelToken& cancel) {
  CLI::App* command =
      app.add_subcommand("fetch", "Download the official model files into the models root");
  const auto options = std::make_shared<FetchCommandOptions>();
  command
      ->add_option("--quant", options->fetch.quantization,
                   "fp8 (half the size, the default) or bf16")
      ->transform(CLI::Transformer(fetch::quantizations()).description(""))
      ->type_name("fp8|bf16");
  command
      ->add_option("--with", options->with,
                   "aio: the file that holds all three networks, for checkpoint loaders, too")
      ->check(CLI::IsMember({"aio"}).description(""))
      ->type_name("aio")
      ->allow_extra_args(false);
  add_models_root_option(*command, options->models_root);
  command
      ->add_option("--revision", options->revisions,
                   "Branch, tag or commit instead of the pinned one, of all repositories or of "
                   "one: main, OWNER/NAME=main")
      ->type_name("[REPO=]REV")
      ->allow_extra_args(false);
  command->add_flag("--verify", options->fetch.verify,
                    "Check the SHA-256 of the files that are there, too");
  command->add_flag("--dry-run", options->dry_run, "Only show what there is to download");
  command->add_flag("-y,--yes", options->yes, "Do not ask");
  command->footer(
      "Environment: HF_TOKEN, HF_ENDPOINT, https_proxy, no_proxy, SSL_CERT_FILE;\n"
      "ZANIME_DISABLE_COMFY_SOURCE_FETCH=1 forbids downloads.");
  command->callback([options, &globals, &cancel] { fetch(*options, globals, cancel); });
}

}  // namespace zanime::cli
