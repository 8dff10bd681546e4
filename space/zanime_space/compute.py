"""Where the heavy call runs: on ZeroGPU in the process that it forks, elsewhere in our worker."""

import atexit
import importlib.util
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import zanime

from .duration import Pace, declared_seconds
from .pictures import Item, make_pictures
from .workers import Workers

try:
    import spaces
    from spaces.config import Config

    ON_ZEROGPU: bool = Config.zero_gpu
except ImportError:
    spaces = None
    ON_ZEROGPU = False

workers = Workers()
atexit.register(lambda: workers.close())


def share(others: Workers) -> None:
    """Computes with these: one device has one worker, whoever asks for pictures."""
    global workers
    workers = others


def show_cards_to_engine(platform: Any) -> None:
    """ZeroGPU tells a process that it forked the card that it lends by `platform.init`, which
    leaves it to PyTorch to show it. CUDA counts what CUDA_VISIBLE_DEVICES says when it is first
    asked."""

    def init(card: str) -> None:
        os.environ["CUDA_VISIBLE_DEVICES"] = card

    platform.init = init


if ON_ZEROGPU and not importlib.util.find_spec("torch"):
    from spaces.zero import torch as platform_torch

    show_cards_to_engine(platform_torch)


class PlatformFailed(Exception):
    """ZeroGPU did not answer as it should; the cause is the error that its package raised."""


def gpu(duration: Callable[..., int]) -> Callable[[Any], Any]:
    """spaces.GPU, and nothing where there is no such package."""
    return spaces.GPU(duration=duration) if spaces else lambda function: function


@gpu(duration=declared_seconds)
def _compute(
    params: zanime.GenerationParams, pace: Pace, loaded: bool
) -> Iterator[Item | zanime.ZanimeError]:
    del pace, loaded  # declared_seconds has read them
    try:
        yield from make_pictures(params) if ON_ZEROGPU else workers.run(params)
    except zanime.ZanimeError as error:
        yield error  # raised, ZeroGPU would print it and hand on its class alone


def compute(params: zanime.GenerationParams) -> Iterator[Item]:
    """The pictures of a completed request. Closing the iterator stops it. Raises ZanimeError,
    WorkerDied, and for the platform gr.Error (a refusal) and PlatformFailed."""
    items = _compute(params, *experience.of(params))
    try:
        for item in _of_platform(items) if ON_ZEROGPU else items:
            if isinstance(item, zanime.ZanimeError):
                raise item
            if isinstance(item, zanime.Result):
                experience.add(item)
            yield item
    finally:
        items.close()


def _of_platform(items: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from items
    except gr.Error:
        raise
    except Exception as error:
        raise PlatformFailed from error


class Experience:
    """What past runs tell about the next one's time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paces: dict[str, Pace] = {}
        self._loaded: str | None = None  # the model that the worker holds

    def of(self, params: zanime.GenerationParams) -> tuple[Pace, bool]:
        with self._lock:
            pace = self._paces.get(params.model) or Pace.guess(params.uses_builtin_model)
            return pace, self._loaded == params.model

    def add(self, result: zanime.Result) -> None:
        if result.params is None:
            return
        pace, _ = self.of(result.params)
        with self._lock:
            self._paces[result.params.model] = pace.learn(result)
            # ZeroGPU starts a new process for most calls, and keeps one where calls come quickly.
            kept = any(node["cached"] for node in result.timings if node["class"] == "UNETLoader")
            self._loaded = result.params.model if kept or not ON_ZEROGPU else None


experience = Experience()
