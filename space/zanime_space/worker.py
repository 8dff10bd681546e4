"""A process that computes, so that a crash or a lack of memory there leaves the page alone.

It is kept between calls with what it has loaded, and started again after it died. Messages are
pickled over a socket: a request goes in; items, and at last an exception or DONE, come out.
"""

import contextlib
import multiprocessing.connection as connection
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import zanime

from .engine import DEVICE
from .pictures import HEARTBEAT_SECONDS, Item, make_pictures

_STOP, _DONE = "stop", "done"
# Of a worker that was told to stop: a block of the largest network takes a few seconds.
_PATIENCE_SECONDS = 30.0


class WorkerDied(Exception):
    """The process ended in the middle of a picture."""

    def __init__(self, code: int | None):
        super().__init__(f"the worker process ended with code {code}")
        self.code = code


class Worker:
    """One call of run() at a time. `device` as the engine names it; "" leaves the choice to it."""

    def __init__(self, device: str = "") -> None:
        self._device = device
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: connection.Connection | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def run(self, params: zanime.GenerationParams) -> Iterator[Item]:
        """As pictures.make_pictures. Raises WorkerDied too."""
        with self._lock:
            pipe = self._started()
            finished = False
            try:
                pipe.send(params)
                while True:
                    if not pipe.poll(HEARTBEAT_SECONDS):
                        yield None
                        continue
                    item = pipe.recv()
                    finished = isinstance(item, BaseException) or item == _DONE
                    if isinstance(item, BaseException):
                        raise item
                    if finished:
                        return
                    yield item
            except (EOFError, OSError) as error:
                finished = True
                raise WorkerDied(self._end()) from error
            finally:
                if not finished:
                    self._stop(pipe)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _started(self) -> connection.Connection:
        if self._process and self._connection and self._process.poll() is None:
            return self._connection
        self._end()
        ours, theirs = connection.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=Path(__file__).parents[1],
                env={**os.environ, **({DEVICE: self._device} if self._device else {})},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the page, which closes the connection
            )
        self._connection = ours
        return ours

    def _stop(self, pipe: connection.Connection) -> None:
        """Waits until it is ready for another request, or ends it."""
        with contextlib.suppress(EOFError, OSError):
            pipe.send(_STOP)
            while pipe.poll(_PATIENCE_SECONDS):
                item = pipe.recv()
                if isinstance(item, BaseException) or item == _DONE:
                    return
        self._end()

    def _end(self) -> int | None:
        process, pipe = self._process, self._connection
        self._process = self._connection = None
        if pipe:
            pipe.close()
        if not process:
            return None
        try:
            return process.wait(timeout=1)  # it ends by itself when the connection does
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _serve(pipe: connection.Connection) -> None:
    while True:
        request = pipe.recv()
        if request == _STOP:  # came as the last one ended
            continue
        items = make_pictures(request)
        try:
            for item in items:
                if pipe.poll() and pipe.recv() == _STOP:
                    break
                pipe.send(item)
            items.close()
            answer: object = _DONE
        except (EOFError, OSError):
            items.close()
            raise
        except Exception as error:
            answer = error
        pipe.send(answer)


def _main() -> None:
    with contextlib.suppress(OSError):  # where memory runs out, this process goes and not the page
        Path("/proc/self/oom_score_adj").write_text("500")
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        _serve(connection.Connection(int(sys.argv[1])))
    os._exit(0)


if __name__ == "__main__":
    _main()
