"""Prompts with their parameters, from JSONL, CSV, Parquet or a folder of texts."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

import zanime

# A row may have the parameters of GenerationParams, and a name of its own, which is kept.
_NAME = "name"
# Names that other programs use for the same.
_ALIASES = {
    "text": "prompt",
    "negative": "negative_prompt",
    "cfg_scale": "cfg",
    "guidance_scale": "cfg",
    "num_inference_steps": "steps",
}
_KNOWN = set(zanime.GenerationParams().to_dict())


class BatchError(Exception):
    """A sentence for whoever starts the job: nothing was drawn."""


@dataclass(frozen=True)
class Row:
    id: str  # follows from the content: the same row has the same picture wherever it stands
    name: str
    params: dict[str, Any]
    error: str  # why it cannot be drawn; empty: nothing is known against it

    @property
    def group(self) -> tuple[Any, ...]:
        """Rows that are best drawn one after another: their model and size are loaded, their prompt
        is encoded already."""
        keys = ("model", "text_encoder", "vae", "width", "height", "prompt", "negative_prompt")
        return tuple(str(self.params.get(key, "")) for key in keys)


def read_rows(source: Path, defaults: dict[str, Any] | None = None) -> Iterator[Row]:
    """Each content once, in the file's order. Raises BatchError where the source cannot be read at
    all; a row that is wrong comes with its error."""
    if not source.exists():
        raise BatchError(f"{source} does not exist.")
    readers = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv, ".parquet": _parquet}
    reader = _folder if source.is_dir() else readers.get(source.suffix.lower())
    if reader is None:
        raise BatchError(f"{source} is none of {', '.join(readers)} and no folder of .txt files.")
    seen: set[str] = set()
    try:
        for raw in reader(source):
            row = _row(raw, defaults or {})
            if row.id not in seen:
                seen.add(row.id)
                yield row
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise BatchError(f"{source} cannot be read: {error}") from None


def content_id(params: dict[str, Any]) -> str:
    """32 hexadecimal digits of what the picture follows from. What is not said does not count, so
    that a parameter which the engine gains later changes no id."""
    text = json.dumps(params, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _row(raw: dict[str, Any] | str, defaults: dict[str, Any]) -> Row:
    if isinstance(raw, str):  # what is no object
        return Row(content_id({"line": raw}), "", {}, "The line is no JSON object.")
    given = {_ALIASES.get(key, key): value for key, value in raw.items() if _is_said(value)}
    name = str(given.pop(_NAME, ""))
    params = {**defaults, **given}
    if isinstance(params.get("loras"), str):  # of a table
        params["loras"] = _loras(params["loras"])
    id = content_id(params)
    # Where no seed is said it follows from the content, so that a second start draws the same.
    params.setdefault("seed", int(id[:16], 16))
    error = ""
    unknown = sorted(set(params) - _KNOWN)
    if unknown:
        error = f"Unknown parameters: {', '.join(unknown)}."
    else:
        try:
            zanime.GenerationParams(**params)
        except (zanime.ZanimeError, TypeError, ValueError) as wrong:
            error = str(wrong)
    return Row(id, name, params, error)


def _is_said(value: Any) -> bool:
    return value is not None and value != "" and value == value  # nothing, and no number


def _loras(text: str) -> list[tuple[str, float]]:
    """`a:0.8 b` as a list."""
    found = []
    for part in text.split():
        name, colon, strength = part.rpartition(":")
        found.append((name, float(strength)) if colon else (part, 1.0))
    return found


def _jsonl(source: Path) -> Iterator[dict[str, Any] | str]:
    with source.open(encoding="utf-8-sig") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                found = None
            if isinstance(found, str):
                found = {"prompt": found}
            yield found if isinstance(found, dict) else line.rstrip("\n")


def _csv(source: Path) -> Iterator[dict[str, Any]]:
    with source.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            found: dict[str, Any] = {}
            for key, value in row.items():
                if key and isinstance(value, str):
                    found[key] = _number(key, value)
            yield found


def _number(key: str, value: str) -> Any:
    """Tables have texts: numbers where the parameter is one."""
    default = zanime.GenerationParams().to_dict().get(_ALIASES.get(key, key), "")
    if isinstance(default, (str, list)):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(value.lower(), value)


def _parquet(source: Path) -> Iterator[dict[str, Any]]:
    with parquet.ParquetFile(source) as file:
        for batch in file.iter_batches(batch_size=4096):
            yield from batch.to_pylist()


def _folder(source: Path) -> Iterator[dict[str, Any]]:
    files = sorted(source.glob("*.txt"))
    if not files:
        raise BatchError(f"There are no .txt files in {source}.")
    for file in files:
        yield {"prompt": file.read_text("utf-8").strip(), _NAME: file.stem}
