"""What draws: in this process, or as an actor on each device of a cluster."""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image

import zanime
from zanime.batch.pictures import Format, Shard, encoded, relative_path
from zanime.batch.rows import Row
from zanime.whole_file import write_whole


@dataclass(frozen=True)
class Settings:
    """Paths are those of the machines that draw."""

    output: str
    format: Format = "png"
    models_root: str | None = None
    device: str = "auto"
    compute: str = "auto"
    threads: int | None = None


class Drawer:
    """One engine. Rows come in batches and go out as rows of the manifest; pixels stay here."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._output = Path(settings.output)
        self._engine = zanime.Engine(
            settings.models_root,
            settings.device,
            compute=settings.compute,
            threads=settings.threads,
        )

    def draw(self, rows: list[Row]) -> list[dict[str, Any]]:
        """One row of the manifest for each, in the order in which they were drawn. What goes wrong
        with a row is told in its own."""
        shard = None
        if self._settings.format == "webdataset":
            ids = "".join(sorted(row.id for row in rows))
            shard = Shard(self._output, hashlib.sha256(ids.encode()).hexdigest()[:32])
        made = [self._one(row, shard) for row in sorted(rows, key=lambda row: row.group)]
        if shard:
            self._close(shard, made)
        return made

    def _one(self, row: Row, shard: Shard | None) -> dict[str, Any]:
        begun = time.monotonic()
        told = _told(row)
        if row.error:
            return {**told, "error": row.error}
        try:
            if shard is None and self._is_there(row, told):
                return told
            result = self._engine.generate(zanime.GenerationParams(**row.params))
            told["height"], told["width"] = map(int, result.pictures[0].shape[:2])
            data = encoded(result, self._settings.format)
            if shard:
                shard.add(row.id, data, {**row.params, "seed": told["seed"]})
                told["file"] = shard.relative
            else:
                told["file"] = relative_path(row.id, self._settings.format)
                write_whole(self._output / told["file"], data)
        except (zanime.ZanimeError, OSError) as error:
            told.update(file="", error=str(error))
        except Exception as error:  # one row is never the end of the job
            told.update(file="", error=f"{type(error).__name__}: a defect; please report it")
        told["seconds"] = time.monotonic() - begun
        return told

    def _is_there(self, row: Row, told: dict[str, Any]) -> bool:
        """A picture that was finished before its row was written is not drawn again."""
        relative = relative_path(row.id, self._settings.format)
        path = self._output / relative
        if not path.exists():
            return False
        with PIL.Image.open(path) as image:
            told["width"], told["height"] = image.size
        told["file"] = relative
        return True

    @staticmethod
    def _close(shard: Shard, made: list[dict[str, Any]]) -> None:
        try:
            shard.write()
        except OSError as error:
            for told in made:
                if told["file"]:
                    told.update(file="", error=str(error))


def _told(row: Row) -> dict[str, Any]:
    seed = row.params.get("seed", 0)
    return {
        "id": row.id,
        "name": row.name,
        "seed": seed if isinstance(seed, int) and 0 <= seed < 2**64 else 0,
        "parameters": json.dumps(row.params, sort_keys=True, ensure_ascii=False, default=str),
        "file": "",
        "width": 0,
        "height": 0,
        "seconds": 0.0,
        "error": "",
        "time": time.time(),
    }
