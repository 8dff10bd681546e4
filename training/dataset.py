"""Draws a set of pictures to disk: dataset.py --out DIR --count 24000 [--size 128] [--seed 1] [--workers 2].

DIR gets pictures.npy (uint8 [count, size, size, 3]), attributes.json and captions.npz: several token
sequences for each picture. Held-out combinations are left out unless --held-out asks for them alone.
Parts that exist already are kept, so an interrupted run goes on where it stopped.
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
from text import random_caption

_PART = 1000
CAPTIONS = 8  # of each picture


def attributes_of(seed: int, want_held_out: bool = False) -> Attributes:
    rng = random.Random(seed)
    while True:
        a = sample(rng)
        if held_out(a) == want_held_out:
            return a


def _captions_of(attributes: Attributes, seed: int) -> list[list[int]]:
    rng = random.Random(f"captions {seed}")
    return [random_caption(attributes, rng)[0] for _ in range(CAPTIONS)]


def _draw_part(job) -> None:
    path, first, count, size, want_held_out = job
    if path.exists():
        return
    pictures, captions = np.empty((count, size, size, 3), np.uint8), []
    for i in range(count):
        attributes = attributes_of(first + i, want_held_out)
        pictures[i] = render(attributes, first + i, size)
        captions += _captions_of(attributes, first + i)
    scratch = path.with_suffix(".tmp.npz")
    np.savez(
        scratch,
        pictures=pictures,
        tokens=np.concatenate([np.array(ids, np.int32) for ids in captions]),
        lengths=np.array([len(ids) for ids in captions], np.int32),
    )
    os.replace(scratch, path)


def _save_captions(path: pathlib.Path, tokens: np.ndarray, lengths: np.ndarray) -> None:
    """ids int32 [pictures, CAPTIONS, longest], padded with zeros; lengths int32 [pictures, CAPTIONS]."""
    ids = np.zeros((len(lengths), lengths.max()), np.int32)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = tokens
    shape = (len(lengths) // CAPTIONS, CAPTIONS)
    np.savez(path, ids=ids.reshape(*shape, -1), lengths=lengths.reshape(shape))


def build(
    out: pathlib.Path, count: int, size: int, seed: int, workers: int, want_held_out: bool = False
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    first = seed * 10_000_000
    jobs = [
        (out / f"part{at:08d}.npz", first + at, min(_PART, count - at), size, want_held_out)
        for at in range(0, count, _PART)
    ]
    with multiprocessing.Pool(workers) as pool:
        for i, _ in enumerate(pool.imap(_draw_part, jobs)):
            print(f"drawn {min((i + 1) * _PART, count)} of {count}", flush=True)
    whole = np.lib.format.open_memmap(
        out / "pictures.tmp.npy", "w+", np.uint8, (count, size, size, 3)
    )
    tokens, lengths = [], []
    for i, (path, *_) in enumerate(jobs):
        with np.load(path) as part:
            whole[i * _PART : (i + 1) * _PART] = part["pictures"]
            tokens.append(part["tokens"])
            lengths.append(part["lengths"])
    whole.flush()
    _save_captions(out / "captions.npz", np.concatenate(tokens), np.concatenate(lengths))
    attributes = [dataclasses.asdict(attributes_of(first + i, want_held_out)) for i in range(count)]
    (out / "attributes.json").write_text(json.dumps(attributes))
    os.replace(out / "pictures.tmp.npy", out / "pictures.npy")
    for path, *_ in jobs:
        path.unlink()


def load(folder: str | pathlib.Path) -> tuple[np.ndarray, list[Attributes]]:
    """Pictures uint8 [count, size, size, 3], read as they are needed, and what they show."""
    folder = pathlib.Path(folder)
    attributes = [Attributes(**a) for a in json.loads((folder / "attributes.json").read_text())]
    return np.load(folder / "pictures.npy", mmap_mode="r"), attributes


def load_captions(folder: str | pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """ids int32 [count, CAPTIONS, longest] and their lengths int32 [count, CAPTIONS]."""
    with np.load(pathlib.Path(folder) / "captions.npz") as captions:
        return captions["ids"], captions["lengths"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=24000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--held-out", action="store_true")
    args = parser.parse_args()
    build(args.out, args.count, args.size, args.seed, args.workers, args.held_out)


if __name__ == "__main__":
    main()
