"""What a program asks for, whichever route it came by: pictures of one request with their seeds."""

from dataclasses import dataclass
from typing import Any

import zanime
from zanime.serve.errors import Refusal
from zanime.serve.options import Options
from zanime.serve.uploads import Raster

SEEDS = 2**64


@dataclass(frozen=True)
class Order:
    """`count` pictures, one after another, with the seed of `members` and the ones after it."""

    members: dict[str, Any]  # of GenerationParams, without pictures; None: left out
    count: int = 1
    kind: str = "job"  # of the route; a "job" stays when its client goes
    key: str | None = None  # the caller's own name for the request
    digest: str | None = None  # of the request's body
    repeated: bool = False  # the client says that it asks once more
    retries: bool = False  # it asks again by itself when the connection ends
    image: Raster | None = None
    mask: Raster | None = None


def params_of(members: dict[str, Any], **files: str) -> zanime.GenerationParams:
    """Raises UsageError with everything that is wrong."""
    given = {name: value for name, value in members.items() if value is not None}
    return zanime.GenerationParams(**given, **files)


def completed(
    engine: zanime.Engine, params: zanime.GenerationParams, count: int, options: Options
) -> zanime.GenerationParams:
    """With seed, size and files, so that it draws the same whenever its turn comes; the words of
    alternatives are drawn for each picture. Raises Refusal and ZanimeError."""
    for name in (
        params.model,
        params.text_encoder,
        params.vae,
        *(lora for lora, _ in params.loras),
    ):
        _check_name(name)
    full = engine.complete(params)
    if count > options.most_pictures:
        raise Refusal(
            400, f"{count} pictures are more than {options.most_pictures}, the most of a request.",
            "too_many_pictures", "n",
        )  # fmt: skip
    if full.steps > options.most_steps or (full.hires_steps or 0) > options.most_steps:
        raise Refusal(
            400, f"{full.steps} steps are more than {options.most_steps}, the most of this server.",
            "too_many_steps", "steps",
        )  # fmt: skip
    pixels = (full.width or 0) * (full.height or 0) * full.hires**2
    if pixels > options.most_pixels:
        raise Refusal(
            400, f"The picture would have {pixels:.0f} pixels; the most of this server is "
            f"{options.most_pixels}.", "too_many_pixels", "size",
        )  # fmt: skip
    return params.replace(
        seed=full.seed,
        width=full.width,
        height=full.height,
        model=full.model,
        text_encoder=full.text_encoder,
        vae=full.vae,
    )


def _check_name(name: str) -> None:
    """Of a model file: it may stand in folders below its own, and not beside or above that."""
    parts = name.replace("\\", "/").split("/")
    if name and (not all(parts) or any(part in (".", "..") for part in parts) or ":" in name):
        raise Refusal(400, "A file's name leads out of its folder.", "invalid_value", "model")


def seed_of(params: zanime.GenerationParams, place: int) -> int:
    """Of the picture at this place; after the highest seed comes 0."""
    return ((params.seed or 0) + place) % SEEDS
