"""Draws a contact sheet of training pictures: draw.py --out sheet.png [--count 48] [--seed 0]."""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
from PIL import Image

from drawing import render, sample


def sheet(pictures: list[np.ndarray], columns: int) -> Image.Image:
    height, width, _ = pictures[0].shape
    rows = -(-len(pictures) // columns)
    page = np.full((rows * (height + 4) + 4, columns * (width + 4) + 4, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        y, x = 4 + i // columns * (height + 4), 4 + i % columns * (width + 4)
        page[y : y + height, x : x + width] = picture
    return Image.fromarray(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=128)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    start = time.perf_counter()
    pictures = [render(sample(rng), rng.getrandbits(32), args.size) for _ in range(args.count)]
    print(f"{args.count / (time.perf_counter() - start):.0f} pictures/s")
    sheet(pictures, args.columns).save(args.out)


if __name__ == "__main__":
    main()
