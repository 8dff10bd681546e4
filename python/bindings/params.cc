#include <memory>
#include <string>
#include <utility>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "base/error.h"
#include "bindings.h"
#include "engine/builtin_model.h"
#include "engine/generation_params.h"
#include "engine/params_json.h"

namespace nb = nanobind;

namespace zanime::python {
namespace {

using nlohmann::ordered_json;

// The members of `keywords` over those of `object`.
engine::GenerationParams made_from(ordered_json object, const nb::kwargs& keywords) {
  for (const auto& [key, value] : keywords) {
    const auto name = nb::cast<std::string>(nb::str(key));
    object[name] = to_json(value, name.c_str());
  }
  engine::GenerationParams params = engine::params_from_json(object);
  engine::validate(params);
  return params;
}

void make_params(engine::GenerationParams* self, const nb::args& prompt,
                 const nb::kwargs& keywords) {
  ordered_json object = ordered_json::object();
  if (prompt.size() > 1 || (prompt.size() == 1 && keywords.contains("prompt"))) {
    throw nb::type_error("GenerationParams takes one positional argument, the prompt");
  }
  if (prompt.size() == 1) object["prompt"] = to_json(prompt[0], "prompt");
  new (self) engine::GenerationParams(made_from(std::move(object), keywords));
}

nb::list loras(const engine::GenerationParams& params) {
  nb::list list;
  for (const engine::LoraChoice& lora : params.loras) {
    list.append(nb::make_tuple(lora.name, lora.strength));
  }
  return list;
}

std::string shown(const engine::GenerationParams& params) {
  const ordered_json object = engine::to_json(params);
  const ordered_json defaults = engine::to_json(engine::GenerationParams());
  std::string text = "GenerationParams(";
  const char* separator = "";
  for (const auto& [name, value] : object.items()) {
    if (value == defaults[name]) continue;
    text += separator + name + "=" + nb::cast<std::string>(nb::repr(from_json(value)));
    separator = ", ";
  }
  return text + ")";
}

bool equal(const engine::GenerationParams& self, nb::handle other) {
  return nb::isinstance<engine::GenerationParams>(other) &&
         engine::to_json(self) == engine::to_json(nb::cast<const engine::GenerationParams&>(other));
}

constexpr const char* kInitSignature =
    "def __init__(self, prompt: str = '', *, negative_prompt: str = '', expand: bool = True, "
    "wildcard_seed: int | None = None, width: int | None = None, height: int | None = None, "
    "steps: int = 8, cfg: float = 1.0, sampler: str = 'euler', scheduler: str = 'simple', "
    "shift: float = 3.0, seed: int | None = None, batch: int = 1, denoise: float = 1.0, "
    "init_image: str | os.PathLike = '', strength: float | None = None, "
    "mask: str | os.PathLike = '', mask_channel: str = '', hires: float = 1.0, "
    "hires_strength: float = 0.5, hires_steps: int | None = None, hires_from: str = '', "
    "loras: collections.abc.Sequence[str | tuple[str, float]] = (), control: str = '', "
    "control_image: str | os.PathLike = '', control_strength: float = 1.0, "
    "control_canny: bool = False, upscale: str = '', model: str = '', "
    "text_encoder: str = '', vae: str = '') -> None";

void bind_members(nb::class_<engine::GenerationParams>& params) {
  params.def_ro("prompt", &engine::GenerationParams::prompt)
      .def_ro("negative_prompt", &engine::GenerationParams::negative_prompt,
              "Counts where cfg is above 1.")
      .def_ro("expand", &engine::GenerationParams::expand,
              "Whether {a|b} and __name__ in the prompts stand for something else.")
      .def_ro("wildcard_seed", &engine::GenerationParams::wildcard_seed,
              "Seed of that choice; None: the picture's.")
      .def_ro("width", &engine::GenerationParams::width,
              "Pixels, a multiple of 8 from 64 to 4096; None: what the model was made for.")
      .def_ro("height", &engine::GenerationParams::height, "As width.")
      .def_ro("steps", &engine::GenerationParams::steps, "1 to 100.")
      .def_ro("cfg", &engine::GenerationParams::cfg, "0 to 30; 1: no guidance and half the work.")
      .def_ro("sampler", &engine::GenerationParams::sampler, "One of samplers().")
      .def_ro("scheduler", &engine::GenerationParams::scheduler, "One of schedulers().")
      .def_ro("shift", &engine::GenerationParams::shift, "Above 0, to 100.")
      .def_ro("seed", &engine::GenerationParams::seed, "0 to 2**64 - 1; None: random.")
      .def_ro("batch", &engine::GenerationParams::batch, "Pictures made side by side, 1 to 16.")
      .def_ro("denoise", &engine::GenerationParams::denoise, "0 to 1.")
      .def_ro("init_image", &engine::GenerationParams::init_image,
              "Path of a PNG, JPEG or WebP to start from, or its name in the input folder.")
      .def_ro("strength", &engine::GenerationParams::strength,
              "0 to 1: how much of the init image is replaced; None: 0.6.")
      .def_ro("mask", &engine::GenerationParams::mask,
              "A picture: where it is white, or transparent, the init image may change.")
      .def_ro("mask_channel", &engine::GenerationParams::mask_channel)
      .def_ro("hires", &engine::GenerationParams::hires,
              "1 to 4: a second pass over the picture made this much larger; 1: none.")
      .def_ro("hires_strength", &engine::GenerationParams::hires_strength, "0 to 1.")
      .def_ro("hires_steps", &engine::GenerationParams::hires_steps, "1 to 100; None: as steps.")
      .def_ro("hires_from", &engine::GenerationParams::hires_from, "``picture`` or ``latent``.")
      .def_prop_ro("loras", &loras,
                   nb::for_getter(nb::sig("def loras(self, /) -> list[tuple[str, float]]")),
                   "Adapters of loras/ in their order, each with a strength from -100 to 100.")
      .def_ro("control", &engine::GenerationParams::control,
              "Control branch in model_patches, which follows the control image.")
      .def_ro("control_image", &engine::GenerationParams::control_image,
              "Path of a PNG, JPEG or WebP of edges, depth or a pose.")
      .def_ro("control_strength", &engine::GenerationParams::control_strength, "-10 to 10.")
      .def_ro("control_canny", &engine::GenerationParams::control_canny,
              "Whether the edges of the control image are drawn first.")
      .def_ro("upscale", &engine::GenerationParams::upscale,
              "Network in upscale_models that makes the finished picture larger.")
      .def_ro("model", &engine::GenerationParams::model,
              "File in diffusion_models; '': see complete().")
      .def_ro("text_encoder", &engine::GenerationParams::text_encoder, "File in text_encoders.")
      .def_ro("vae", &engine::GenerationParams::vae, "File in vae.")
      .def_prop_ro("uses_builtin_model", &engine::builtin::is_used_by,
                   "Whether `model` is the built-in small one; of complete() and Result.params.");
}

}  // namespace

void bind_params(nb::module_& module) {
  nb::class_<engine::GenerationParams> params(
      module, "GenerationParams",
      "What a picture should be. Checked when it is made: UsageError lists everything that is\n"
      "wrong. It does not change afterwards, see replace().");
  params.def("__init__", &make_params, nb::sig(kInitSignature))
      .def(
          "replace",
          [](const engine::GenerationParams& self, const nb::kwargs& keywords) {
            return made_from(engine::to_json(self), keywords);
          },
          nb::sig("def replace(self, **changes: typing.Any) -> GenerationParams"),
          "A copy with some members changed. Raises UsageError.")
      .def(
          "to_dict",
          [](const engine::GenerationParams& self) { return from_json(engine::to_json(self)); },
          nb::sig("def to_dict(self) -> dict[str, typing.Any]"),
          "All members by name; GenerationParams(**that) is equal.")
      .def("__eq__", &equal, nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def("__repr__", &shown)
      .def("__getstate__",
           [](const engine::GenerationParams& self) { return engine::to_json(self).dump(); })
      .def("__setstate__", [](engine::GenerationParams& self, const std::string& state) {
        new (&self) engine::GenerationParams(engine::params_from_json(ordered_json::parse(state)));
      });
  bind_members(params);
}

}  // namespace zanime::python
