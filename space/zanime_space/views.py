"""What the page says while a picture is made, as HTML."""

import base64
import html
import io

import numpy as np
import PIL.Image
import zanime

from .pictures import Step

READY = '<div class="zn-status zn-idle">Ready. Ctrl + Enter generates.</div>'


def _box(text: str, share: float | None = None, picture: str = "", kind: str = "") -> str:
    bar = "" if share is None else f'<div class="zn-bar"><i style="width:{share:.0%}"></i></div>'
    return (
        f'<div class="zn-status {kind}" role="status">{picture}'
        f"<div><span>{html.escape(text)}</span>{bar}</div></div>"
    )


def waiting(before: int, seconds: float) -> str:
    if before == 0:
        return _box("Starting…", 0)
    pictures = "1 picture is" if before == 1 else f"{before} pictures are"
    return _box(
        f"You are number {before + 1} in line: {pictures} made before yours. "
        f"Yours then takes {duration(seconds)}."
    )


def progress(step: Step, seconds_left: float | None) -> str:
    if step.step == 0:
        return _box(f"{step.node}…", 0)
    left = "" if seconds_left is None else f", {duration(seconds_left)} left"
    return _box(
        f"Step {step.step} of {step.total}, {step.seconds:.2f} s a step{left}",
        step.step / step.total,
        _preview(step.preview),
    )


def done(result: zanime.Result) -> str:
    count = len(result.pictures)
    made = "The picture is" if count == 1 else f"{count} pictures are"
    return _box(f"{made} done after {result.seconds:.1f} s, seed {result.seed}.", kind="zn-done")


def strain(params: zanime.GenerationParams) -> str:
    """What is to be said of a completed request that asks too much of its model."""
    if not params.uses_builtin_model:
        return ""
    told = zanime.builtin_strain(params.width or 0, params.height or 0)
    return f"{told[0].upper()}{told[1:]}." if told else ""


def stopped() -> str:
    return _box("Stopped.")


def failed(sentence: str) -> str:
    return _box(html.unescape(sentence), kind="zn-failed")


def duration(seconds: float) -> str:
    if seconds < 1.5:
        return "about a second"
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min"


def _preview(pixels: np.ndarray | None) -> str:
    if pixels is None:
        return ""
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="The picture as it forms" src="data:image/png;base64,{data}">'
