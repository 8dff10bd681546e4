"""The table of one size, for people, and all sizes as JSON."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .request import Measurement, Request

_GIB = 1024.0**3


class Result(NamedTuple):
    engine: str
    measured: Measurement | None
    likeness: float | None  # decibels beside the first engine's picture
    error: str | None


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 100 else f"{value:.1f} s"


def _gib(value: float) -> str:
    return f"{value / _GIB:.2f} GiB"


_ROWS: dict[str, tuple[str, Callable[[float], str]]] = {
    "start": ("start and load", _seconds),
    "encode": ("encode", _seconds),
    "step": ("one step", _seconds),
    "decode": ("decode", _seconds),
    "total": ("launch to picture", _seconds),
    "peak_anonymous": ("peak memory, anonymous", _gib),
    "peak_resident": ("peak memory, with mapped files", _gib),
}


def ratio_text(value: float, reference: float) -> str:
    return f"{value / reference:.2f}" if reference > 0 else "-"


def _decibels(value: float | None) -> str:
    if value is None:
        return "-"
    return "the same" if math.isinf(value) else f"{value:.1f} dB"


def table(request: Request, results: Sequence[Result]) -> str:
    """Markdown. Ratios are to the first engine."""
    first = results[0]
    header, ruler = [f"{request.side} x {request.side}, {request.steps} steps"], ["---"]
    for result in results:
        version = f" {result.measured.version}" if result.measured else ""
        header.append(result.engine + version)
        ruler.append("---:")
        if result is not first:
            header.append("ratio")
            ruler.append("---:")

    rows = [header, ruler]
    for field, (label, text) in _ROWS.items():
        row = [label]
        for result in results:
            value = getattr(result.measured, field) if result.measured else None
            row.append("failed" if value is None else text(value))
            if result is not first:
                known = value is not None and first.measured is not None
                row.append(ratio_text(value, getattr(first.measured, field)) if known else "-")
        rows.append(row)
    if len(results) > 1:
        row = [f"its picture beside {first.engine}'s, PSNR"]
        for result in results:
            row.append(_decibels(result.likeness))
            if result is not first:
                row.append("")
        rows.append(row)
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def as_json(machine: dict[str, Any], runs: Sequence[tuple[Request, Sequence[Result]]]) -> dict:
    def result_json(result: Result, first: Result) -> dict:
        object_ = {"engine": result.engine}
        if result.measured is None:
            return {**object_, "error": result.error}
        measured = dataclasses.asdict(result.measured)
        del measured["picture"]  # a temporary file
        object_ |= measured
        if result is not first and first.measured:
            object_["ratios"] = {
                field: measured[field] / reference
                for field in _ROWS
                if (reference := getattr(first.measured, field)) > 0
            }
        if result.likeness is not None:
            same = math.isinf(result.likeness)
            object_ |= {"same_picture": same, "psnr": None if same else result.likeness}
        return object_

    return {
        "machine": machine,
        "runs": [
            {
                "side": request.side,
                "steps": request.steps,
                "seed": request.seed,
                "threads": request.threads,
                "prompt": request.prompt,
                "model": request.model,
                "text_encoder": request.text_encoder,
                "vae": request.vae,
                "results": [result_json(result, results[0]) for result in results],
            }
            for request, results in runs
        ],
    }
