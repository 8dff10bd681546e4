"""A job while the server knows it: its state, its pictures, and those who listen to it."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zanime.serve.errors import Refusal
from zanime.serve.store import Picture, Record
from zanime_space.pictures import Step

# A listener who is slower than this misses steps, and nothing else.
_MOST_STEPS_BEHIND = 32


@dataclass(frozen=True)
class Event:
    name: str  # queued, started, step, picture, ended
    step: Step | None = None
    picture: Picture | None = None


@dataclass(eq=False)
class Job:
    record: Record
    pictures: list[Picture]
    state: str = "queued"  # running, done, failed, cancelled; put back: another start goes on
    error: dict[str, Any] | None = None
    step: Step | None = None  # of the picture that is drawn
    listeners: int = 0  # whose going away frees the job
    is_cancelled: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)  # out of the line, by stop
    _queues: set[asyncio.Queue[Event]] = field(default_factory=set)

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def place(self) -> int:
        """Of the picture that comes next; those before it may have been deleted since."""
        return self.pictures[-1].place + 1 if self.pictures else 0

    @property
    def is_drawn(self) -> bool:
        return self.place >= self.record.count

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Event]]:
        """The events from now on; the last one is `ended`."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._queues.add(queue)
        if self.ended.is_set():
            queue.put_nowait(Event("ended"))
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def tell(self, event: Event) -> None:
        for queue in self._queues:
            if event.name != "step" or queue.qsize() < _MOST_STEPS_BEHIND:
                queue.put_nowait(event)

    def end(self, state: str, error: dict[str, Any] | None = None) -> None:
        self.state, self.error, self.step = state, error, None
        self.ended.set()
        self.tell(Event("ended"))

    def ask_to_stop(self) -> None:
        self.stop.set()
        self.woken.set()

    def refusal(self) -> Refusal | None:
        """Why there are not all pictures; None where there are."""
        if self.state == "done":
            return None
        if self.state == "failed":
            error = self.error or {}
            return Refusal(
                error.get("status", 500), error.get("message", ""), error.get("code", "")
            )
        if self.state == "put back":
            return Refusal(503, "The server ends; ask again.", "ending", retry_after=2)
        return Refusal(409, "The job was cancelled.", "cancelled")


def failure(refusal: Refusal) -> dict[str, Any]:
    """As it is kept with a job."""
    return {"status": refusal.status, "message": refusal.message, "code": refusal.code}
