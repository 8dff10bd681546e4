"""Pictures on a disk: under names that follow from their ids, whole or not there."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any, Literal

import PIL.Image

import zanime
from zanime.whole_file import write_whole

Format = Literal["png", "webp", "webdataset"]
FORMATS: tuple[Format, ...] = ("png", "webp", "webdataset")


def relative_path(id: str, form: Format) -> str:
    """Below the output folder: 256 folders, so that none has a million files."""
    return f"pictures/{id[:2]}/{id}.{form}"


def encoded(result: zanime.Result, form: Format) -> bytes:
    """PNG is the engine's own file, with its graph; WebP is lossless, with the readable text."""
    png = result.png()
    if form != "webp":
        return png
    file = io.BytesIO()
    with PIL.Image.open(io.BytesIO(png)) as image:
        exif = image.getexif()
        exif[0x010E] = result.parameters  # ImageDescription
        image.save(file, "WEBP", lossless=True, exif=exif)
    return file.getvalue()


class Shard:
    """A tar file of WebDataset: KEY.png and KEY.json. It has its name when it is whole."""

    def __init__(self, output: Path, name: str) -> None:
        self.relative = f"shards/{name}.tar"
        self._path = output / self.relative
        self._file = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.USTAR_FORMAT)
        self.count = 0

    def add(self, id: str, png: bytes, facts: dict[str, Any]) -> None:
        text = json.dumps(facts, ensure_ascii=False).encode()
        for suffix, data in (("png", png), ("json", text)):
            entry = tarfile.TarInfo(f"{id}.{suffix}")
            entry.size = len(data)
            self._tar.addfile(entry, io.BytesIO(data))
        self.count += 1

    def write(self) -> None:
        self._tar.close()
        if self.count:
            write_whole(self._path, self._file.getvalue())
