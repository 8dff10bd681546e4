"""A child process whose output is stamped with its time of arrival and whose memory is watched."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .request import Measurement, PeerError, split_stages

MEMORY_INTERVAL = 0.05  # seconds
FAMILY_INTERVAL = 0.5  # looking through all processes costs a hundred times one process's status
LAST_LINES = 12  # quoted in an error
_KIB = 1024


class Line(NamedTuple):
    time: float  # of time.monotonic(), when its end arrived
    text: str


def split_lines(data: bytes) -> tuple[list[str], bytes]:
    """Finished lines and the rest. A progress bar ends its lines with a carriage return."""
    *lines, rest = re.split(rb"[\r\n]+", data)
    return [line.decode(errors="replace") for line in lines if line], rest


def status_bytes(status: str, field: str) -> int:
    """A figure of /proc/PID/status, 0 where the process has no memory any more."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * _KIB if found else 0


def stat_parent(stat: str) -> int:
    """The parent's id in /proc/PID/stat, whose second field is a name with any characters."""
    return int(stat.rpartition(")")[2].split()[1])


def family(root: int) -> list[int]:
    """The process and its descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = stat_parent(Path("/proc", entry, "stat").read_text())
            except OSError:
                continue  # ended meanwhile
    found = [root]
    for pid in found:  # grows while it is walked
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


class Child:
    """Runs from `with` to its end; the process group is ended with it."""

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ):
        self.lines: list[Line] = []
        self.peak_anonymous = self.peak_resident = 0
        self._ended = threading.Event()
        self.launched = time.monotonic()
        try:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                process_group=0,  # ended as one; the session stays the caller's
            )
        except OSError as error:
            raise PeerError(f"cannot start {command[0]}: {error.strerror}") from error
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._read, self._watch)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._process.stdout.close()

    def measured(
        self,
        version: str,
        stages: Mapping[str, float],
        encode: str,
        decode: str,
        step_ends: Sequence[float],
        ended: float,
        picture: Path,
    ) -> Measurement:
        """Of the seconds by stage that it told; `encode` and `decode` are its names of the two."""
        for stage in (encode, decode):
            if stage not in stages:
                raise self.error(f"did not say how long {stage} took")
        start, step = split_stages(self.launched, stages[encode], step_ends)
        return Measurement(
            version,
            start,
            stages[encode],
            step,
            stages[decode],
            ended - self.launched,
            self.peak_anonymous,
            self.peak_resident,
            picture,
        )

    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> float:
        """The moment of its end; an error unless it ended well."""
        code = self._process.wait()
        ended = time.monotonic()
        self._threads[0].join()  # the lines that were still on their way
        if code != 0:
            raise self.error(f"ended with {code}")
        return ended

    def error(self, what: str) -> PeerError:
        said = "\n".join(f"    {line.text}" for line in self.lines[-LAST_LINES:])
        return PeerError(f"{what}; its last lines:\n{said}" if said else f"{what} without a word")

    def _read(self) -> None:
        rest = b""
        while data := self._process.stdout.read1(65536):
            now = time.monotonic()
            texts, rest = split_lines(rest + data)
            self.lines.extend(Line(now, text) for text in texts)
        if rest:
            self.lines.append(Line(time.monotonic(), rest.decode(errors="replace")))

    def _watch(self) -> None:
        members, looked = [], -FAMILY_INTERVAL
        while not self._ended.wait(MEMORY_INTERVAL):
            if time.monotonic() - looked >= FAMILY_INTERVAL:
                members, looked = family(self._process.pid), time.monotonic()
            anonymous = resident = 0
            for pid in members:
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                anonymous += status_bytes(status, "RssAnon")
                resident += status_bytes(status, "VmRSS")
            self.peak_anonymous = max(self.peak_anonymous, anonymous)
            self.peak_resident = max(self.peak_resident, resident)
