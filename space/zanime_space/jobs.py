"""One press of the button: from the values of the page to the pictures, told as it goes on."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import gradio as gr
import zanime

from . import views
from .compute import compute, experience
from .duration import estimate
from .engine import engine
from .history import Entry, save_pictures, with_result
from .line import Line, Ticket
from .messages import refusal
from .pictures import Step
from .pump import pumped
from .request import params_from

# How often the page hears of its place in line; also how soon a visitor who left is noticed.
_LOOK_SECONDS = 0.5

# gallery, seed, time, settings, files, status, history
Outputs = tuple[Any, Any, Any, Any, Any, Any, Any]


class Jobs:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._running: dict[str, set[threading.Event]] = {}  # stop flags by session

    async def generate(
        self, history: list[Entry], session: str, *values: Any
    ) -> AsyncIterator[Outputs]:
        """Raises gr.Error."""
        try:
            params = await asyncio.to_thread(lambda: engine().complete(params_from(*values)))
            with self._stoppable(session) as stop:
                async for outputs in self._make(params, history, session, stop):
                    yield outputs
        except Exception as error:
            toast = refusal(error)
            yield _only_status(views.failed(toast.message))
            raise toast from None

    def cancel(self, session: str) -> str:
        """Stops everything of the session, also what waits in line."""
        running = self._running.get(session, set())
        for stop in running:
            stop.set()
        return f"Stopped {len(running)}." if running else "Nothing of this session was running."

    @contextlib.contextmanager
    def _stoppable(self, session: str):
        stop = threading.Event()
        self._running.setdefault(session, set()).add(stop)
        try:
            yield stop
        finally:
            stop.set()  # also where the visitor left and the generator was closed
            self._running[session].discard(stop)
            if not self._running[session]:
                del self._running[session]

    async def _make(
        self,
        params: zanime.GenerationParams,
        history: list[Entry],
        session: str,
        stop: threading.Event,
    ) -> AsyncIterator[Outputs]:
        if warning := views.strain(params):
            gr.Warning(warning)
        ticket = self._line.join(session)
        entered = False
        try:
            async for status in self._wait(ticket, params, stop):
                yield _only_status(status)
            if stop.is_set():
                yield _nothing(views.stopped(), history)
                return
            entered = True  # from here on the worker's end gives the place free
            async for outputs in self._watch(params, history, stop, ticket):
                yield outputs
        finally:
            if not entered:
                self._line.leave(ticket)

    async def _wait(
        self, ticket: Ticket, params: zanime.GenerationParams, stop: threading.Event
    ) -> AsyncIterator[str]:
        shown = ""
        while not stop.is_set():
            now = views.waiting(self._line.before(ticket), estimate(params, *experience.of(params)))
            yield now if now != shown else ""
            shown = now
            if ticket.turn.is_set():
                return
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ticket.turn.wait(), _LOOK_SECONDS)

    async def _watch(
        self,
        params: zanime.GenerationParams,
        history: list[Entry],
        stop: threading.Event,
        ticket: Ticket,
    ) -> AsyncIterator[Outputs]:
        result = None
        clock = _Clock()

        def leave() -> None:
            self._line.leave(ticket)

        async for item in pumped(lambda: compute(params), stop, leave):
            if isinstance(item, zanime.Result):
                result = item
            elif isinstance(item, Step):
                yield _only_status(views.progress(item, clock.left(item)))
            else:
                yield _only_status("")  # a heartbeat: lets Gradio see whether the visitor is there
        if result is None:
            yield _nothing(views.stopped(), history)
            return
        files = await asyncio.to_thread(save_pictures, result)
        yield (
            files,
            str(result.seed),
            f"{result.seconds:.2f} s",
            result.parameters,
            files,
            views.done(result),
            with_result(history, result, files),
        )


class _Clock:
    """Time left, from the steps so far."""

    def __init__(self) -> None:
        self._start = 0.0

    def left(self, step: Step) -> float | None:
        if step.step <= 1:
            self._start = time.monotonic()
            return step.seconds * (step.total - 1) if step.step == 1 else None
        pace = (time.monotonic() - self._start) / (step.step - 1)
        return pace * (step.total - step.step)


def _only_status(status: str) -> Outputs:
    skip: Callable[[], Any] = gr.skip
    return (skip(), skip(), skip(), skip(), skip(), status or skip(), skip())


def _nothing(status: str, history: list[Entry]) -> Outputs:
    return ([], "", "", "", None, status, history)
