#include "engine/engine.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include "base/cpu_count.h"
#include "base/parallel.h"
#include "bindings.h"
#include "engine/builtin_model.h"
#include "engine/inspect_file.h"
#include "engine/read_parameters.h"
#include "graph/json_text.h"
#include "results.h"
#include "work.h"

namespace nb = nanobind;

namespace zanime::python {
namespace {

using nlohmann::ordered_json;
using OptionalPath = std::optional<std::filesystem::path>;

const char* event_name(nodes::ProgressEvent::Kind kind) {
  switch (kind) {
    case nodes::ProgressEvent::Kind::kNodeStarted:
      return "started";
    case nodes::ProgressEvent::Kind::kNodeCached:
      return "cached";
    case nodes::ProgressEvent::Kind::kNodeFinished:
      return "finished";
    case nodes::ProgressEvent::Kind::kStep:
      return "step";
  }
  return "";
}

// The engine, for several threads and forked processes.
class SharedEngine {
 public:
  SharedEngine(engine::EngineOptions options, std::optional<int> threads)
      : options_(std::move(options)),
        threads_(threads ? *threads : default_thread_count()),
        state_(new State(options_)) {}
  SharedEngine(const SharedEngine&) = delete;
  SharedEngine& operator=(const SharedEngine&) = delete;
  ~SharedEngine() {
    if (State* state = state_.load(); state->process == ::getpid()) delete state;
  }

  Result generate(const engine::GenerationParams& params, const nb::object& on_progress,
                  Canceller* canceller) {
    engine::EngineResult made;
    call(on_progress, canceller,
         [&](engine::Engine& engine, const CancelToken& cancel, const engine::EngineHooks& hooks) {
           made = engine.generate(params, cancel, hooks);
         });
    Result result(made);
    result.params = std::move(made.params);
    return result;
  }

  Result run(const nb::object& graph, const nb::object& on_progress, Canceller* canceller) {
    const ordered_json json =
        nb::isinstance<nb::str>(graph)
            ? graph::parse_graph_json(nb::cast<std::string>(graph), "the graph")
            : to_json(graph, "graph");
    engine::EngineResult made;
    call(on_progress, canceller,
         [&](engine::Engine& engine, const CancelToken& cancel, const engine::EngineHooks& hooks) {
           made = engine.run(json, cancel, hooks);
         });
    return Result(made);
  }

  engine::GenerationParams complete(const engine::GenerationParams& params) {
    const nb::gil_scoped_release unlocked;
    State& state = current();
    const std::lock_guard lock(state.facts);
    return state.asked.complete(params);
  }

  // The request and what it does not honour.
  std::pair<engine::GenerationParams, std::vector<std::string>> read_parameters(
      const std::string& text) {
    const nb::gil_scoped_release unlocked;
    engine::ParametersRequest request = engine::read_parameters(text, current().engine.files());
    return {std::move(request.params), std::move(request.not_honoured)};
  }

  std::vector<std::string> models(const std::string& folder) {
    const nb::gil_scoped_release unlocked;
    return current().engine.files().list(folder);
  }

 private:
  // `asked` answers questions while `engine` computes: only that has anything loaded.
  struct State {
    explicit State(const engine::EngineOptions& options)
        : process(::getpid()), engine(options), asked(options) {}

    pid_t process;
    engine::Engine engine, asked;
    std::timed_mutex work;
    std::mutex facts;
  };

  // In a forked process everything starts afresh: the state at the moment of the fork may have been
  // that of another thread, whose locks nobody will give back. It is left alone, not destroyed.
  State& current() {
    State* state = state_.load();
    if (state->process == ::getpid()) return *state;
    auto fresh = std::make_unique<State>(options_);
    if (state_.compare_exchange_strong(state, fresh.get())) return *fresh.release();
    return *state;  // another thread of this process was quicker
  }

  template <typename Work>
  void call(const nb::object& on_progress, Canceller* canceller, const Work& work) {
    wait_for(canceller, [&](const WorkContext& context) {
      State& state = current();
      std::unique_lock lock(state.work, std::defer_lock);
      while (!lock.try_lock_for(std::chrono::milliseconds(20))) context.cancel.throw_if_cancelled();
      set_thread_count(threads_);
      work(state.engine, context.cancel, hooks_for(on_progress, context));
    });
  }

  static engine::EngineHooks hooks_for(const nb::object& on_progress, const WorkContext& context) {
    engine::EngineHooks hooks;
    if (on_progress.is_none()) return hooks;
    const auto latest = std::make_shared<Tensor>();
    hooks.preview = [latest](const nodes::LatentPreview& preview) { *latest = preview.pixels; };
    hooks.progress = [latest, &on_progress, &context](const nodes::ProgressEvent& event) {
      const bool is_step = event.kind == nodes::ProgressEvent::Kind::kStep;
      std::optional<Picture> picture;
      if (is_step && !latest->empty()) picture = to_picture(*latest, 0);
      context.python([&] {
        on_progress(Progress{event_name(event.kind), event.node_id, event.title, event.step,
                             event.steps, event.seconds,
                             picture ? to_array(*picture) : nb::none()});
      });
    };
    return hooks;
  }

  engine::EngineOptions options_;
  int threads_;
  std::atomic<State*> state_;
};

// Inside a package the built-in model lies beside this module.
std::filesystem::path packaged_model() {
  const nb::object file = nb::module_::import_("zanime").attr("__file__");
  const auto folder =
      std::filesystem::path(nb::cast<std::string>(file)).parent_path() / "share" / "small-model";
  std::error_code error;
  return std::filesystem::is_directory(folder, error) ? folder : std::filesystem::path();
}

int64_t checked_memory(std::optional<int64_t> memory) {
  if (memory && *memory < 0) {
    throw Error(ErrorKind::kUsage,
                "memory is " + std::to_string(*memory) + " bytes, but must be 0 or more");
  }
  return memory.value_or(0);
}

void make_engine(SharedEngine* self, const OptionalPath& models_root, const std::string& device,
                 std::optional<int64_t> memory, const std::string& compute,
                 const OptionalPath& input_dir, const OptionalPath& wildcards_dir,
                 std::optional<int> threads, std::optional<bool> extra_nodes,
                 const OptionalPath& extra_model_paths) {
  ops::check_device(device);
  if (threads && *threads < 1) {
    throw Error(ErrorKind::kUsage,
                "threads is " + std::to_string(*threads) + ", but must be 1 or more");
  }
  engine::EngineOptions options = engine::EngineOptions::from_environment();
  options.models_root = models_root.value_or("");
  if (extra_model_paths) options.extra_model_paths = {*extra_model_paths};
  options.input_dir = input_dir.value_or("");
  options.wildcards_dir = wildcards_dir.value_or("");
  options.builtin_model = packaged_model();
  options.backend = {
      .device = device, .compute = ops::parse_compute(compute), .memory = checked_memory(memory)};
  options.extra_nodes = extra_nodes.value_or(options.extra_nodes);
  const nb::gil_scoped_release unlocked;
  new (self) SharedEngine(std::move(options), threads);
}

nb::object inspect(const std::filesystem::path& path) {
  ordered_json found;
  {
    const nb::gil_scoped_release unlocked;
    found = engine::inspect_file(path);
  }
  return from_json(found);
}

constexpr const char* kAboutInspect =
    "What a file says about itself. Of a PNG: ``width``, ``height`` and its texts (``prompt``,\n"
    "the graph, and ``parameters``); of a model file its networks, widths, types, sizes and\n"
    "oddities. Raises FileError.";

}  // namespace

void bind_engine(nb::module_& module) {
  nb::class_<Canceller>(module, "CancelToken",
                        "Stops the runs that are given it. It stays cancelled: use one a run.")
      .def(nb::init<>())
      .def("cancel", &Canceller::cancel, nb::call_guard<nb::gil_scoped_release>(),
           "From any thread: the run ends with CancelledError before its next block.")
      .def_prop_ro("cancelled", &Canceller::cancelled, "Whether cancel() was called.");

  nb::class_<SharedEngine>(
      module, "Engine",
      "Keeps loaded networks and conditionings between calls. Calls from several threads run one\n"
      "after the other. Making one loads nothing and touches no device, so that one made before\n"
      "a fork works in the child (where nothing is loaded yet).")
      .def("__init__", &make_engine, nb::arg("models_root") = nb::none(),
           nb::arg("device") = "auto", nb::arg("memory") = nb::none(), nb::kw_only(),
           nb::arg("compute") = "auto", nb::arg("input_dir") = nb::none(),
           nb::arg("wildcards_dir") = nb::none(), nb::arg("threads") = nb::none(),
           nb::arg("extra_nodes") = nb::none(), nb::arg("extra_model_paths") = nb::none(),
           nb::sig("def __init__(self, models_root: str | os.PathLike | None = None, device: str = "
                   "'auto', memory: int | None = None, *, compute: str = 'auto', input_dir: str | "
                   "os.PathLike | None = None, wildcards_dir: str | os.PathLike | None = None, "
                   "threads: int | None = "
                   "None, extra_nodes: bool | None = None, extra_model_paths: str | os.PathLike | "
                   "None = None) -> None"),
           "models_root: folder laid out as ComfyUI's models; by default ZANIME_MODELS_ROOT, else\n"
           "ComfyUI/models, else the user's data folder, and without a model there the built-in\n"
           "one. device: ``auto`` or ``cpu``. memory: bytes of weights that stay converted\n"
           "between steps, which saves time with int8. compute: ``fp32``, ``bf16``, ``int8``,\n"
           "or ``auto``: ``bf16`` where the CPU is made for it, else ``fp32``.\n"
           "input_dir: where graphs find pictures. threads: CPU threads, default one a core.\n"
           "extra_nodes: know nodes beyond the core set, default ZANIME_INIT_COMFY_EXTRA_NODES.\n"
           "extra_model_paths: ComfyUI's list of further model folders, default\n"
           "extra_model_paths.yaml beside the models root. Raises UsageError.")
      .def("generate", &SharedEngine::generate, nb::arg("params"),
           nb::arg("on_progress") = nb::none(), nb::arg("cancel") = nb::none(),
           nb::sig("def generate(self, params: GenerationParams, on_progress: "
                   "collections.abc.Callable[[Progress], object] | None = None, cancel: "
                   "CancelToken | None = None) -> Result"),
           "Makes the pictures of a request. on_progress is called on another thread, while this\n"
           "one waits; what it raises ends the run and is raised here. The interpreter's lock is\n"
           "free meanwhile. Raises the classes of zanime.errors, CancelledError after\n"
           "cancel.cancel().")
      .def("run", &SharedEngine::run, nb::arg("graph"), nb::arg("on_progress") = nb::none(),
           nb::arg("cancel") = nb::none(),
           nb::sig("def run(self, graph: dict[str, typing.Any] | str, on_progress: "
                   "collections.abc.Callable[[Progress], object] | None = None, cancel: "
                   "CancelToken | None = None) -> Result"),
           "Runs a graph in ComfyUI's API form, a dict or JSON text. As generate() otherwise.")
      .def("complete", &SharedEngine::complete, nb::arg("params"),
           "The request with what generate() would fill in: seed, size, files, and the words\n"
           "drawn from {a|b} and wildcards. Loads nothing. Raises UsageError and FileError.")
      .def("read_parameters", &SharedEngine::read_parameters, nb::arg("text"),
           "The request that readable parameters state (``Result.parameters``, and those of A1111\n"
           "and Forge), and a list of the settings that it does not honour.")
      .def("models", &SharedEngine::models, nb::arg("folder"),
           "Names of the files in ``diffusion_models``, ``text_encoders``, ``vae``,\n"
           "``checkpoints`` or ``loras``.")
      .def_static("inspect", &inspect, nb::arg("path"),
                  nb::sig("def inspect(path: str | os.PathLike) -> dict[str, typing.Any]"),
                  kAboutInspect);
  module.def("inspect", &inspect, nb::arg("path"),
             nb::sig("def inspect(path: str | os.PathLike) -> dict[str, typing.Any]"),
             kAboutInspect);
}

}  // namespace zanime::python
