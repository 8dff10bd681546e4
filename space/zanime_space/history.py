"""The pictures of one session, newest first, and the files behind them."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import zanime

_LONGEST = 60


@dataclass(frozen=True)
class Entry:
    file: str
    seed: str
    parameters: str
    params: zanime.GenerationParams


class PictureFiles:
    """A folder for each session, until the session ends."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="zanime-space-")

    def save(self, result: zanime.Result, session: str) -> list[str]:
        """The PNG files as the program writes them. Raises ResourceError where the disk is full."""
        folder = Path(tempfile.mkdtemp(prefix=f"{session}-", dir=self._folder.name))
        count = len(result.pictures)
        files = []
        for index in range(count):
            number = "" if count == 1 else f"_{index + 1}"
            path = folder / f"zanime_{result.seed}{number}.png"
            result.save(path, index)
            files.append(str(path))
        return files

    def forget(self, session: str) -> None:
        for folder in Path(self._folder.name).glob(f"{session}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def with_result(history: list[Entry], result: zanime.Result, files: list[str]) -> list[Entry]:
    assert result.params is not None
    new = [Entry(file, str(result.seed), result.parameters, result.params) for file in files]
    return (new + history)[:_LONGEST]
