"""A job from its rows to the manifest, on this machine or on a cluster."""

import contextlib
import fcntl
import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zanime.batch import manifest
from zanime.batch.drawer import Drawer, Settings
from zanime.batch.rows import BatchError, Row, read_rows

PARTS = "manifest"  # folder below the output
MANIFEST = "manifest.parquet"


@dataclass(frozen=True)
class Job:
    source: Path
    settings: Settings
    defaults: dict[str, Any]  # parameters of rows that do not say them
    retry_failed: bool = False
    batch_size: int = 16  # rows that are drawn between two writes of the manifest
    ray: str | None = None  # "auto" or an address; None: in this process
    workers: int | None = None  # of the cluster; None: one for each device

    @property
    def output(self) -> Path:
        return Path(self.settings.output)


@dataclass(frozen=True)
class Outcome:
    rows: int  # of the source, each content once
    before: int  # that earlier starts had done
    drawn: int
    failed: int  # of this start
    seconds: float


Report = Callable[[int, int, int], None]  # drawn or failed so far, of how many, failed


def run(job: Job, report: Report = lambda done, total, failed: None) -> Outcome:
    """Draws what is missing. Raises BatchError before anything is drawn."""
    begun = time.monotonic()
    with _alone(job.output):
        rows = list(read_rows(job.source, job.defaults))
        told = manifest.read_parts(job.output / PARTS)
        missing = [row for row in rows if not _is_done(told.get(row.id), job)]
        counts = _Counts(len(missing), report)
        if missing:
            draw = _on_ray if job.ray else _here
            draw(job, sorted(missing, key=lambda row: row.group), counts)
        _finish(job, rows)
    drawn = counts.done - counts.failed
    seconds = time.monotonic() - begun
    return Outcome(len(rows), len(rows) - len(missing), drawn, counts.failed, seconds)


class _Counts:
    def __init__(self, total: int, report: Report) -> None:
        self._total, self._report = total, report
        self.done = self.failed = 0

    def add(self, done: int, failed: int) -> None:
        self.done += done
        self.failed += failed
        self._report(self.done, self._total, self.failed)


def _is_done(told: dict[str, Any] | None, job: Job) -> bool:
    if told is None:
        return False
    if told["error"]:
        return not job.retry_failed
    return (job.output / told["file"]).exists()


def _here(job: Job, rows: list[Row], counts: _Counts) -> None:
    drawer = Drawer(job.settings)
    left = iter(rows)
    while batch := list(itertools.islice(left, job.batch_size)):
        made = drawer.draw(batch)
        manifest.write_part(job.output / PARTS, made)
        counts.add(len(made), sum(bool(row["error"]) for row in made))


def _on_ray(job: Job, rows: list[Row], counts: _Counts) -> None:
    from zanime.batch.on_ray import draw

    draw(job, rows, counts.add)


def _finish(job: Job, rows: list[Row]) -> None:
    """One file for all, in the order of the source."""
    told = manifest.read_parts(job.output / PARTS)
    manifest.write_table(job.output / MANIFEST, (told[row.id] for row in rows if row.id in told))


@contextlib.contextmanager
def _alone(output: Path) -> Iterator[None]:
    """One job at a time writes to a folder; the system frees it, whatever ends the process."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = os.open(output / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise BatchError(f"{output} cannot be used: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BatchError(f"Another job writes to {output}.") from None
        yield
    finally:
        os.close(lock)
