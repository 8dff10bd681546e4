"""The values of the page as a request. What they may be is checked by GenerationParams alone."""

from collections.abc import Sequence
from typing import Any

import zanime

from .offers import AUTOMATIC


def params_from(
    prompt: Any,
    negative_prompt: Any,
    width: Any,
    height: Any,
    steps: Any,
    cfg: Any,
    sampler: Any,
    scheduler: Any,
    shift: Any,
    seed: Any,
    batch: Any,
    model: Any,
    adapters: Sequence[str] | None,
    adapter_strength: Any,
    init_image: Any,
    strength: Any,
    control: Any,
    control_image: Any,
    control_strength: Any,
    control_canny: Any,
) -> zanime.GenerationParams:
    """Raises UsageError with everything that is wrong."""
    return zanime.GenerationParams(
        prompt=prompt or "",
        negative_prompt=negative_prompt or "",
        width=_whole_number(width),
        height=_whole_number(height),
        steps=steps,
        cfg=cfg,
        sampler=sampler,
        scheduler=scheduler,
        shift=shift,
        seed=_whole_number(seed),
        batch=batch,
        model="" if model == AUTOMATIC else model or "",
        loras=[_adapter(text, adapter_strength) for text in adapters or ()],
        init_image=init_image or "",
        strength=strength if init_image else None,
        # Without a picture to follow the other three say nothing.
        **(
            {
                "control": control or "",
                "control_image": control_image,
                "control_strength": control_strength,
                "control_canny": bool(control_canny),
            }
            if control_image
            else {}
        ),
    )


def _whole_number(text: Any) -> Any:
    """The page has sides as text, for nothing is not 0, and seeds, which have 64 bits, more than a
    number of JavaScript."""
    if not isinstance(text, str):
        return text
    text = text.strip()
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 1000
    return int(text) if is_number else text or None


def _adapter(text: str, strength: Any) -> tuple[str, Any]:
    """`style` at the common strength, or `style:0.8` at its own."""
    name, colon, own = str(text).rpartition(":")
    try:
        return (name, float(own)) if colon and name else (text, strength)
    except ValueError:
        return text, strength
