"""A JSON line per report, a checkpoint now and then, and a run that goes on where it stopped."""

from __future__ import annotations

import json
import os
import pathlib
import time

import torch


class RunLog:
    def __init__(self, folder, name: str):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = self.folder / f"{name}.jsonl"
        self.checkpoint = self.folder / f"{name}.pt"
        self.start = time.time()

    def report(self, **values):
        values = {k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()}
        print(" ".join(f"{k}={v}" for k, v in values.items()), flush=True)
        with open(self.path, "a") as f:
            f.write(json.dumps(values) + "\n")

    def save(self, **state):
        scratch = self.checkpoint.with_suffix(".tmp")
        torch.save(state, scratch)
        os.replace(scratch, self.checkpoint)

    def load(self):
        """The saved state, or None. Report lines past it belong to steps that will run again."""
        if not self.checkpoint.exists():
            return None
        return torch.load(
            self.checkpoint, weights_only=True, map_location=torch.get_default_device()
        )


class Progress:
    """How far a training is, from 0 to 1: by its steps or, with a limit of seconds, by whichever of
    the two is further. Seconds count from here on, steps from the beginning of the run."""

    def __init__(self, step: int, steps: int, seconds: float | None):
        self.step, self.steps, self.seconds = step, steps, seconds
        self.started = time.perf_counter()
        self.first = step / steps

    def elapsed(self) -> float:
        return time.perf_counter() - self.started

    def __call__(self) -> float:
        done = self.step / self.steps
        if self.seconds:
            done = max(done, self.first + (1 - self.first) * self.elapsed() / self.seconds)
        return min(done, 1.0)


def prepare(threads: int, device: str) -> torch.device:
    """Threads for the processor, or a graphics card as the place where tensors are made."""
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("high")
    torch.set_default_device(device)
    return torch.device(device)
