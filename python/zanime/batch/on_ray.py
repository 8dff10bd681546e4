"""The same job on a cluster, by Ray Data: it places, repeats and resumes; nothing of that is here.

The rows go to Ray as a Parquet table in the output folder and come back as parts of the manifest
there, and Ray's checkpoint knows which are written. All machines must see the same output folder.
"""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import ray
import ray.data
from ray.data.checkpoint import CheckpointConfig
from ray.data.checkpoint.checkpoint_writer import PENDING_CHECKPOINT_SUFFIX

from zanime.batch import manifest
from zanime.batch.drawer import Drawer, Settings
from zanime.batch.job import PARTS, Job
from zanime.batch.rows import BatchError, Row

_LOOK_SECONDS = 1.0
_MOST_BLOCKS = 10_000  # more are hard on a scheduler


class _Actor:
    """Drawer with Ray's columns."""

    def __init__(self, settings: Settings) -> None:
        self._drawer = Drawer(settings)

    def __call__(self, table: arrow.Table) -> arrow.Table:
        rows = [
            Row(row["id"], row["name"], json.loads(row["params"]), row["error"])
            for row in table.to_pylist()
        ]
        return arrow.Table.from_pylist(self._drawer.draw(rows), schema=manifest.SCHEMA)


def draw(job: Job, rows: list[Row], add: Callable[[int, int], None]) -> None:
    """Raises BatchError where there is no such cluster."""
    if not ray.is_initialized():
        try:
            ray.init(address=job.ray, logging_level="warning", log_to_driver=False)
        except ConnectionError as error:
            raise BatchError(f"There is no Ray cluster at {job.ray}: {error}") from None
    source = _write_input(job, rows)
    parts = job.output / PARTS
    parts.mkdir(exist_ok=True)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.use_datasource_v2 = False  # it starts 32 actors to look at the files first
    checkpoint = job.output / "checkpoint"
    _settle(checkpoint, job.retry_failed)
    context.checkpoint_config = CheckpointConfig("id", str(checkpoint))
    gpus = ray.cluster_resources().get("GPU", 0)
    size = job.workers or max(1, int(gpus or _nodes()))
    watch = _Watch(parts, {row.id for row in rows}, add)
    try:
        # A block is what is drawn, written, checkpointed and lost together.
        blocks = len(list(source.iterdir()))
        rows_read = ray.data.read_parquet(str(source), override_num_blocks=blocks)
        rows_read.map_batches(
            _Actor,
            fn_constructor_args=(job.settings,),
            batch_size=job.batch_size,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=size),
            num_gpus=1 if gpus else 0,
            num_cpus=1,
        ).write_parquet(str(parts), mode="append")
    finally:
        watch.close()
        context.checkpoint_config = None
    shutil.rmtree(source)


def _settle(checkpoint: Path, retry_failed: bool) -> None:
    """Of a job whose driver was killed. Ray would delete the parts whose checkpoints were pending;
    what is whole of them counts already. Rows that failed stand in a checkpoint too."""
    if retry_failed:
        shutil.rmtree(checkpoint, ignore_errors=True)
    for pending in checkpoint.glob(f"*{PENDING_CHECKPOINT_SUFFIX}.parquet"):
        pending.unlink()


def _nodes() -> int:
    return sum(node["Alive"] for node in ray.nodes())


def _write_input(job: Job, rows: list[Row]) -> Path:
    folder = job.output / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    size = max(job.batch_size, -(-len(rows) // _MOST_BLOCKS))
    for start in range(0, len(rows), size):
        chosen = rows[start : start + size]
        columns: dict[str, list[Any]] = {
            "id": [row.id for row in chosen],
            "name": [row.name for row in chosen],
            "params": [json.dumps(row.params, default=str) for row in chosen],
            "error": [row.error for row in chosen],
        }
        parquet.write_table(arrow.table(columns), folder / f"{start // size:08}.parquet")
    return folder


class _Watch:
    """Counts what stands in the manifest, for whoever wants to know how far it is."""

    def __init__(self, parts: Path, ids: set[str], add: Callable[[int, int], None]) -> None:
        self._parts, self._ids, self._add = parts, ids, add
        self._seen = {path.name for path in parts.glob("*.parquet")}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        for path in self._parts.glob("*.parquet"):
            if path.name in self._seen:
                continue
            try:
                table = parquet.read_table(path, columns=["id", "error"]).to_pylist()
            except (OSError, arrow.ArrowException):  # it is being written
                continue
            self._seen.add(path.name)
            mine = [row for row in table if row["id"] in self._ids]
            self._ids -= {row["id"] for row in mine}
            self._add(len(mine), sum(bool(row["error"]) for row in mine))
