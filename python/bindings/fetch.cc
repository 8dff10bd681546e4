#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "base/error.h"
#include "base/files/folders.h"
#include "bindings.h"
#include "engine/models_root.h"
#include "fetch/hub.h"
#include "fetch/model_fetch.h"
#include "work.h"

namespace nb = nanobind;

namespace zanime::python {
namespace {

using nlohmann::ordered_json;

fetch::Quantization quantization_of(const std::string& name) {
  const auto found = fetch::quantizations().find(name);
  if (found != fetch::quantizations().end()) return found->second;
  throw Error(ErrorKind::kUsage, "quant is \"" + name + "\", but must be \"fp8\" or \"bf16\"");
}

nb::object fetch(const std::optional<std::filesystem::path>& models_root, const std::string& quant,
                 bool all_in_one, bool verify, const std::optional<std::string>& revision,
                 const nb::object& on_progress, Canceller* canceller) {
  fetch::FetchOptions options;
  options.quantization = quantization_of(quant);
  options.all_in_one = all_in_one;
  options.verify = verify;
  if (revision && !revision->empty()) options.revisions = {{"", *revision}};
  options.offline = fetch::FetchOptions::offline_by_environment();
  const std::filesystem::path root =
      models_root ? files::plain_folder(*models_root) : engine::ModelsRoot::default_path();

  ordered_json files = ordered_json::array();
  wait_for(canceller, [&](const WorkContext& context) {
    fetch::FetchHooks hooks;
    if (!on_progress.is_none()) {
      hooks.progress = [&](const fetch::FetchItem& item, bool /*checking*/, int64_t bytes) {
        context.python([&] { on_progress(item.file, bytes, item.bytes); });
      };
    }
    fetch::ModelFetch work(root, options, fetch::HubSettings::from_environment());
    const fetch::FetchPlan plan = work.plan(hooks, context.cancel);
    work.carry_out(plan, hooks, context.cancel);
    for (const fetch::FetchItem& item : plan.items) {
      files.push_back({{"file", item.file},
                       {"path", item.target.string()},
                       {"bytes", item.bytes},
                       {"downloaded", item.state != fetch::FetchState::kPresent}});
    }
  });
  return from_json(files);
}

}  // namespace

void bind_fetch(nb::module_& module) {
  module.def(
      "fetch", &fetch, nb::arg("models_root") = nb::none(), nb::kw_only(), nb::arg("quant") = "fp8",
      nb::arg("all_in_one") = false, nb::arg("verify") = false, nb::arg("revision") = nb::none(),
      nb::arg("on_progress") = nb::none(), nb::arg("cancel") = nb::none(),
      nb::sig("def fetch(models_root: str | os.PathLike | None = None, *, quant: str = 'fp8', "
              "all_in_one: bool = False, verify: bool = False, revision: str | None = None, "
              "on_progress: collections.abc.Callable[[str, int, int], object] | None = None, "
              "cancel: CancelToken | None = None) -> list[dict[str, typing.Any]]"),
      "Downloads what is missing of the official model files, as ``zanime fetch --yes`` does:\n"
      "10.5 GB for ``fp8``. revision: branch, tag or commit instead of the pinned one.\n"
      "on_progress is called with a file's name, its bytes so far and in all. Returns ``file``,\n"
      "``path``, ``bytes``, ``downloaded`` of each. What is interrupted goes on at the next call.\n"
      "Raises UsageError, FileError, ResourceError, CancelledError.");
}

}  // namespace zanime::python
