"""Draws a set of pictures to disk: dataset.py --out DIR --count 24000 [--seed 1] [--workers 2].

DIR gets pictures.npy (uint8 [count, 128, 128, 3]) and attributes.json. Held-out combinations are
left out unless --held-out asks for them alone. Parts that exist already are kept, so an interrupted
run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import os
import pathlib
import random

import numpy as np

from drawing import Attributes, render, sample
from drawing.attributes import held_out

_PART = 1000


def attributes_of(seed: int, want_held_out: bool = False) -> Attributes:
    rng = random.Random(seed)
    while True:
        a = sample(rng)
        if held_out(a) == want_held_out:
            return a


def _draw_part(job) -> None:
    path, first, count, want_held_out = job
    if path.exists():
        return
    pictures = np.stack(
        [render(attributes_of(s, want_held_out), s) for s in range(first, first + count)]
    )
    scratch = path.with_suffix(".tmp.npy")
    np.save(scratch, pictures)
    os.replace(scratch, path)


def build(
    out: pathlib.Path, count: int, seed: int, workers: int, want_held_out: bool = False
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    first = seed * 10_000_000
    jobs = [
        (out / f"part{start:08d}.npy", first + start, min(_PART, count - start), want_held_out)
        for start in range(0, count, _PART)
    ]
    with multiprocessing.Pool(workers) as pool:
        for i, _ in enumerate(pool.imap(_draw_part, jobs)):
            print(f"drawn {min((i + 1) * _PART, count)} of {count}", flush=True)
    whole = np.lib.format.open_memmap(
        out / "pictures.tmp.npy", "w+", np.uint8, (count, 128, 128, 3)
    )
    for i, (path, *_) in enumerate(jobs):
        part = np.load(path)
        whole[i * _PART : i * _PART + len(part)] = part
    whole.flush()
    attributes = [dataclasses.asdict(attributes_of(first + i, want_held_out)) for i in range(count)]
    (out / "attributes.json").write_text(json.dumps(attributes))
    os.replace(out / "pictures.tmp.npy", out / "pictures.npy")
    for path, *_ in jobs:
        path.unlink()


def load(folder: str | pathlib.Path) -> tuple[np.ndarray, list[Attributes]]:
    folder = pathlib.Path(folder)
    attributes = [Attributes(**a) for a in json.loads((folder / "attributes.json").read_text())]
    return np.load(folder / "pictures.npy", mmap_mode="r"), attributes


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=24000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--held-out", action="store_true")
    args = parser.parse_args()
    build(args.out, args.count, args.seed, args.workers, args.held_out)


if __name__ == "__main__":
    main()
