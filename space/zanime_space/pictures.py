"""The heavy call: a finished request becomes pictures, in whatever process this runs."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import zanime

from .engine import engine

# Between two items at most: so often does whoever listens get to say stop.
HEARTBEAT_SECONDS = 0.2


@dataclass(frozen=True)
class Step:
    """A step of a sampler is done, or (step 0) a node has begun."""

    node: str
    step: int
    total: int
    seconds: float
    preview: np.ndarray | None = None  # uint8 [rows, columns, 3]


# None is a heartbeat. The result comes last.
Item = Step | zanime.Result | None


def make_pictures(params: zanime.GenerationParams) -> Iterator[Item]:
    """Closing the iterator stops the work within a block of a network."""
    items: queue.SimpleQueue[Item | BaseException] = queue.SimpleQueue()
    cancel = zanime.CancelToken()

    def report(progress: zanime.Progress) -> None:
        if progress.event in ("started", "step"):
            items.put(
                Step(
                    progress.node, progress.step, progress.total, progress.seconds, progress.preview
                )
            )

    def work() -> None:
        try:
            items.put(engine().generate(params, report, cancel))
        except BaseException as error:  # for the thread that waits
            items.put(error)

    thread = threading.Thread(target=work, name="zanime")
    thread.start()
    try:
        while True:
            try:
                item = items.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                yield None
                continue
            if isinstance(item, BaseException):
                raise item
            yield item
            if isinstance(item, zanime.Result):
                return
    finally:
        cancel.cancel()
        thread.join()
