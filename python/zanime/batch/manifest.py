"""The table of what was made: a Parquet file for each batch, one for all at the end.

A part is written once and never changed. Of an id that stands in several (a failure that was tried
again) the picture counts, else the last failure.
"""

import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet

SCHEMA = arrow.schema(
    [
        ("id", arrow.string()),
        ("name", arrow.string()),
        ("seed", arrow.uint64()),
        ("parameters", arrow.string()),  # the row as JSON
        ("file", arrow.string()),  # below the output folder; empty: there is none
        ("width", arrow.int32()),
        ("height", arrow.int32()),
        ("seconds", arrow.float64()),
        ("error", arrow.string()),  # empty: none
        ("time", arrow.float64()),  # seconds since 1970
    ]
)


def write_part(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / f"part-{uuid.uuid4().hex}.parquet", rows)


def write_table(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        parquet.write_table(arrow.Table.from_pylist(list(rows), schema=SCHEMA), part)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def read_parts(folder: Path) -> dict[str, dict[str, Any]]:
    """By id. A part that is damaged, as of a disk that was full, counts for nothing."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.glob("*.parquet")):
        try:
            rows = parquet.read_table(file, schema=SCHEMA).to_pylist()
        except (OSError, arrow.ArrowException):
            continue
        for row in rows:
            before = found.get(row["id"])
            if before is None or _rank(row) > _rank(before):
                found[row["id"]] = row
    return found


def _rank(row: dict[str, Any]) -> tuple[bool, float]:
    return not row["error"], row["time"]
