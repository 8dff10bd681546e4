#include <string>
#include <utility>
#include <vector>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "engine/builtin_model.h"
#include "engine/generation_params.h"
#include "engine/presets.h"
#include "sampling/samplers.h"
#include "sampling/schedules.h"

namespace nb = nanobind;

namespace zanime::python {
namespace {

nb::dict sizes() {
  nb::dict found;
  for (const engine::SizePreset& preset : engine::size_presets()) {
    found[preset.name] = nb::make_tuple(preset.width, preset.height);
  }
  return found;
}

nb::dict limits() {
  nb::dict found;
  const auto add = [&](const char* name, auto min, auto max) {
    found[name] = nb::make_tuple(min, max);
  };
  add("width", engine::kMinSide, engine::kMaxSide);
  add("height", engine::kMinSide, engine::kMaxSide);
  add("steps", 1, engine::kMaxSteps);
  add("cfg", 0.0, engine::kMaxCfg);
  add("shift", 0.0, engine::kMaxShift);
  add("batch", 1, engine::kMaxBatch);
  add("strength", 0.0, 1.0);
  add("lora_strength", -engine::kMaxLoraStrength, engine::kMaxLoraStrength);
  add("control_strength", -engine::kMaxControlStrength, engine::kMaxControlStrength);
  add("prompt_characters", 0, static_cast<int64_t>(engine::kMaxPromptCharacters));
  return found;
}

}  // namespace

void bind_choices(nb::module_& module) {
  module.def("samplers", &sampling::sampler_names, "Names for GenerationParams.sampler.");
  module.def("schedulers", &sampling::scheduler_names, "Names for GenerationParams.scheduler.");
  module.def("size_presets", &sizes, nb::sig("def size_presets() -> dict[str, tuple[int, int]]"),
             "Width and height in pixels by name: sizes that the full model was made for.");
  module.def("limits", &limits, nb::sig("def limits() -> dict[str, tuple[float, float]]"),
             "Least and largest value that GenerationParams takes, by member.");
  module.def("builtin_strain", &engine::builtin::strain, nb::arg("width"), nb::arg("height"),
             "What is to be said of a picture of this size in pixels by the built-in model: empty "
             "where it draws well.");
  module.attr("SIDE_STEP") = engine::kSideStep;
  module.attr("DEFAULT_STRENGTH") = engine::kDefaultStrength;
  module.attr("BUILTIN_SIDE") = engine::builtin::kSide;
}

}  // namespace zanime::python
