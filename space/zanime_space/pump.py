"""A blocking iterator for a page that does not block."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

# Where nothing comes, so often does whoever listens get to leave.
HEARTBEAT_SECONDS = 0.5


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


async def pumped(
    make: Callable[[], Iterator[T]], stop: threading.Event, on_end: Callable[[], None]
) -> AsyncIterator[T | None]:
    """The items of make(), which runs on a thread of its own, and None where none came for a
    while. Once `stop` is set the iterator is closed before its next item; if that takes long, this
    one ends before. `on_end` is called on the event loop when the thread is done, also where nobody
    listens any more."""
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[T | _End] = asyncio.Queue()

    def work() -> None:
        error: BaseException | None = None
        try:
            iterator = make()
            try:
                for item in iterator:
                    if stop.is_set():
                        break
                    loop.call_soon_threadsafe(items.put_nowait, item)
            finally:
                iterator.close()  # type: ignore[attr-defined]
        except BaseException as raised:  # for the task that waits
            error = raised
        loop.call_soon_threadsafe(on_end)
        loop.call_soon_threadsafe(items.put_nowait, _End(error))

    # In a copy of the context, in which Gradio and ZeroGPU keep the visitor's request.
    threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
    while True:
        try:
            item = await asyncio.wait_for(items.get(), HEARTBEAT_SECONDS)
        except TimeoutError:
            if stop.is_set():
                return
            yield None
            continue
        if isinstance(item, _End):
            if item.error:
                raise item.error
            return
        yield item
