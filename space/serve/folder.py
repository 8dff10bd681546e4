"""The server's folder: one server at a time, pictures that are whole or not there."""

import contextlib
import fcntl
import os
import re
import shutil
from pathlib import Path

from zanime.serve.options import OptionsError
from zanime.serve.uploads import Raster
from zanime.whole_file import write_whole

_PICTURE = re.compile(r"[0-9a-f]{32}-\d{1,4}", re.ASCII)
_JOB = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Folder:
    """Raises OptionsError where the folder cannot be used."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in ("pictures", "inputs"):
                (root / name).mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OptionsError(f"The folder {root} cannot be used: {error.strerror}") from None
        try:  # the system frees it, whatever ends the process
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise OptionsError(
                f"Another server uses {root}: two would draw the same queue. Stop it, or give this "
                "one a folder of its own with --data."
            ) from None
        for left in (root / "pictures").glob("*/.*.part"):  # of a server that was killed
            left.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._lock)

    @property
    def database(self) -> Path:
        return self.root / "jobs.sqlite3"

    def picture(self, picture: str) -> Path:
        assert _PICTURE.fullmatch(picture)
        return self.root / "pictures" / picture[:2] / f"{picture}.png"

    def write_picture(self, picture: str, data: bytes) -> None:
        path = self.picture(picture)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, data)

    def remove_picture(self, picture: str) -> None:
        self.picture(picture).unlink(missing_ok=True)

    def write_input(self, job: str, name: str, image: Raster) -> Path:
        assert _JOB.fullmatch(job)
        folder = self.root / "inputs" / job
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{name}{image.suffix}"
        path.write_bytes(image.data)
        return path

    def remove_inputs(self, job: str) -> None:
        assert _JOB.fullmatch(job)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.root / "inputs" / job)

    def jobs_with_inputs(self) -> list[str]:
        return [
            entry.name for entry in (self.root / "inputs").iterdir() if _JOB.fullmatch(entry.name)
        ]
