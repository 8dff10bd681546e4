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
  for (const SizePreset& preset : size_presets()) {
    found[preset.name] = nb::make_tuple(preset.width, preset.height);
  }
  return found;
}

nb::dict limits() {
  nb::dict found;
  const auto add = [&](const char* name, auto min, auto max) {
    found[name] = nb::make_tuple(min, max);
  };
  add("width", kMinSide, kMaxSide);
  add("height", kMinSide, kMaxSide);
  add("steps", 1, kMaxSteps);
  add("cfg", 0.0, kMaxCfg);
  add("shift", 0.0, kMaxShift);
  add("batch", 1, kMaxBatch);
  add("strength", 0.0, 1.0);
  add("lora_strength", -kMaxLoraStrength, kMaxLoraStrength);
  add("prompt_characters", 0, static_cast<int64_t>(kMaxPromptCharacters));
  return found;
}

}  // namespace

void bind_choices(nb::module_& module) {
  module.def("samplers", &sampler_names, "Names for GenerationParams.sampler.");
  module.def("schedulers", &scheduler_names, "Names for GenerationParams.scheduler.");
  module.def("size_presets", &sizes, nb::sig("def size_presets() -> dict[str, tuple[int, int]]"),
             "Width and height in pixels by name: sizes that the full model was made for.");
  module.def("limits", &limits, nb::sig("def limits() -> dict[str, tuple[float, float]]"),
             "Least and largest value that GenerationParams takes, by member.");
  module.def("builtin_strain", &builtin::strain, nb::arg("width"), nb::arg("height"),
             "What is to be said of a picture of this size in pixels by the built-in model: empty "
             "where it draws well.");
  module.attr("SIDE_STEP") = kSideStep;
  module.attr("DEFAULT_STRENGTH") = kDefaultStrength;
  module.attr("BUILTIN_SIDE") = builtin::kSide;
}

}  // namespace zanime::python
