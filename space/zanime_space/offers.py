"""What the page offers, which depends on the model files that are there."""

import html
from dataclasses import dataclass

import zanime

from .engine import engine

AUTOMATIC = "automatic"  # of the size and the model: the engine's choice at the time

_SMALL_EXAMPLES = [
    ["1girl, blue hair, twin tails, red eyes, smile"],
    ["1girl, pink hair, long hair, green eyes, open mouth, cat ears, night sky"],
    ["A girl with short black hair and golden eyes wearing a red sweater and glasses, smiling"],
    ["女の子、緑の髪、ツインテール、赤い目、笑顔、白いシャツ、紫の背景"],
]
_FULL_EXAMPLES = [
    ["1girl, silver hair, golden eyes, cherry blossoms, soft evening light, looking at viewer"],
    ["An old lighthouse keeper reading by lamplight, rain on the windows, warm anime film still"],
    ["1boy, black hair, school uniform, rooftop, summer sky with tall clouds, wind"],
    ["猫耳の少女、夜の東京、ネオンの反射、雨上がり、映画のような構図"],
]


@dataclass(frozen=True)
class Offers:
    models: list[tuple[str, str]]  # (shown, name or AUTOMATIC)
    adapters: list[str]
    controls: list[str]
    is_small: bool
    note: str  # HTML about the model
    examples: list[list[str]]
    sizes: list[tuple[str, str]]  # (shown, "WIDTHxHEIGHT" or AUTOMATIC)


def offers() -> Offers:
    made = engine()
    model, is_small, problem = _default(made)
    return Offers(
        models=_models(made, model),
        adapters=made.models("loras"),
        controls=made.models("model_patches"),
        is_small=is_small,
        note=_note(is_small, problem),
        examples=_SMALL_EXAMPLES if is_small else _FULL_EXAMPLES,
        sizes=_sizes(is_small),
    )


def listed() -> dict[str, object]:
    """The same for scripts: /models."""
    made = engine()
    folders = ("diffusion_models", "text_encoders", "vae", "loras", "model_patches")
    return {"default": _default(made)[0], **{folder: made.models(folder) for folder in folders}}


def _default(made: zanime.Engine) -> tuple[str, bool, str]:
    try:
        params = made.complete(zanime.GenerationParams())
    except zanime.ZanimeError as error:
        return "", False, str(error)
    return params.model, params.uses_builtin_model, ""


def _models(made: zanime.Engine, default: str) -> list[tuple[str, str]]:
    automatic = f"{AUTOMATIC}: {default}" if default else AUTOMATIC
    return [(automatic, AUTOMATIC)] + [(name, name) for name in made.models("diffusion_models")]


def _note(is_small: bool, problem: str) -> str:
    if problem:
        return f'<div class="zn-banner">{html.escape(problem)}</div>'
    if is_small:
        side = zanime.BUILTIN_SIDE
        return (
            '<div class="zn-banner">There are no model files here, so the small built-in model '
            f"draws: anime heads of {side} x {side} pixels. <code>zanime fetch</code> gets the "
            "full Z-Anime.</div>"
        )
    return ""


def _sizes(is_small: bool) -> list[tuple[str, str]]:
    if is_small:
        side = zanime.BUILTIN_SIDE
        named = {f"{side} x {side}": (side, side)}  # what is larger falls apart
    else:
        named = {
            f"{name} {width} x {height}": (width, height)
            for name, (width, height) in zanime.size_presets().items()
        }
    return [(AUTOMATIC, AUTOMATIC)] + [(name, f"{w}x{h}") for name, (w, h) in named.items()]
