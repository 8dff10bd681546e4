"""One worker for each device, and whichever is free."""

import queue
from collections.abc import Iterator, Sequence

import zanime

from .pictures import Item
from .worker import Worker


class Workers:
    """`devices` as the engine names them; none: one worker, which chooses."""

    def __init__(self, devices: Sequence[str] = ()) -> None:
        self._workers = {device or "auto": Worker(device) for device in devices or ("",)}
        # The one that was used last has the most loaded.
        self._free: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in reversed(self._workers.values()):
            self._free.put(worker)

    @property
    def count(self) -> int:
        return len(self._workers)

    def pids(self) -> dict[str, int | None]:
        """Of their processes, by device."""
        return {device: worker.pid for device, worker in self._workers.items()}

    def run(self, params: zanime.GenerationParams) -> Iterator[Item]:
        """As Worker.run. Waits where all are busy."""
        worker = self._free.get()
        try:
            yield from worker.run(params)
        finally:
            self._free.put(worker)

    def close(self) -> None:
        for worker in self._workers.values():
            worker.close()
