"""Does the model draw what it is told? 200 combinations it never saw, judged by the classifier.

    evaluate.py --run RUN --engine ../build/zanime --models-root ../assets/small-model --out FOLDER
    evaluate.py --run RUN --out FOLDER                    the same with the PyTorch networks

RUN has classifier.pt (and the checkpoints, without an engine). FOLDER gets table.md, sheet.png (every
picture, in the order of captions.txt) and failures.png with the attributes that came out wrong.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageDraw

from captions import caption
from dataset import attributes_of
from draw import sheet
from drawing.attributes import CHOICES
from run_log import prepare
from train_classifier import load_classifier, predict

TARGETS = {
    "hair_color": 95,
    "background": 95,
    "hair_style": 85,
    "eye_color": 85,
    "accessory": 85,
    "expression": 75,
}


def combinations(count):
    """(attributes, caption, seed): the same ones every time."""
    out = []
    for i in range(count):
        a = attributes_of(9_000_000_000 + i, want_held_out=True)
        out.append((a, caption(a, random.Random(i), complete=True)[0], i))
    return out


def with_engine(engine, root, cases, size=128):
    from export import NAMES

    name = lambda part: NAMES[part].split("/")[1]
    with tempfile.TemporaryDirectory() as folder:
        # A root of its own: the engine may add the encoder's other name to a models root.
        files = pathlib.Path(folder) / "models"
        files.mkdir()
        for part in pathlib.Path(root).resolve().iterdir():
            (files / part.name).symlink_to(part)
        for i, (_, text, seed) in enumerate(cases):
            path = pathlib.Path(folder) / f"{i}.png"
            subprocess.run(
                [
                    engine,
                    "generate",
                    text,
                    "--models-root",
                    str(files),
                    "--model",
                    name("flow"),
                    "--text-encoder",
                    name("text"),
                    "--vae",
                    name("autoencoder"),
                    "-W",
                    str(size),
                    "-H",
                    str(size),
                    "--steps",
                    "8",
                    "--seed",
                    str(seed),
                    "-o",
                    str(path),
                    "--quiet",
                ],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            yield np.array(Image.open(path).convert("RGB"))


def with_pytorch(run, cases):
    import models

    _, decoder = models.load_autoencoder(run)
    _, texts, seeds = zip(*cases)
    return models.generate(models.load_text(run), models.load_flow(run), decoder, texts, seeds)


def table(right):
    lines = ["| attribute | told right | wanted | chance |", "| --- | ---: | ---: | ---: |"]
    for i, (name, values) in enumerate(CHOICES.items()):
        wanted = f"{TARGETS[name]} %" if name in TARGETS else ""
        lines.append(
            f"| {name.replace('_', ' ')} | {100 * right[:, i].mean():.1f} % | {wanted} | {100 / len(values):.0f} % |"
        )
    return "\n".join(lines) + "\n"


def confusions(cases, found, right):
    """The commonest mistakes of each attribute."""
    lines = []
    for i, (name, values) in enumerate(CHOICES.items()):
        count = {}
        for row in np.flatnonzero(~right[:, i]):
            key = (getattr(cases[row][0], name), values[found[row, i]])
            count[key] = count.get(key, 0) + 1
        worst = sorted(count.items(), key=lambda item: -item[1])[:5]
        if worst:
            lines.append(
                f"- {name.replace('_', ' ')}: "
                + ", ".join(f"{a} drawn as {b} ({n})" for (a, b), n in worst)
            )
    return "\n".join(lines) + "\n"


def failures(pictures, cases, found, right, limit=24):
    """The worst pictures, each over the words that came out wrong."""
    worst = [i for i in np.argsort(right.sum(1), kind="stable") if not right[i].all()][:limit]
    tiles = []
    for i in worst:
        tile = Image.new("RGB", (176, 176), "white")
        tile.paste(Image.fromarray(pictures[i]), (24, 0))
        wrong = [
            f"{getattr(cases[i][0], name)} > {values[found[i, k]]}"
            for k, (name, values) in enumerate(CHOICES.items())
            if not right[i, k]
        ]
        ImageDraw.Draw(tile).multiline_text(
            (2, 129), "\n".join(wrong[:4]), fill="black", font_size=10, spacing=1
        )
        tiles.append(np.array(tile))
    return sheet(tiles, 8) if tiles else None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True)
    parser.add_argument("--engine")
    parser.add_argument("--models-root")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    prepare(args.threads, args.device)
    args.out.mkdir(parents=True, exist_ok=True)
    cases = combinations(args.count)
    if args.engine:
        pictures = list(with_engine(args.engine, args.models_root, cases))
    else:
        pictures = with_pytorch(args.run, cases)
    found = predict(load_classifier(args.run), pictures)
    right = found == np.array([a.labels() for a, _, _ in cases])
    text = table(right) + "\n" + confusions(cases, found, right)
    print(text)
    (args.out / "table.md").write_text(text)
    (args.out / "captions.txt").write_text("".join(f"{seed}: {c}\n" for _, c, seed in cases))
    sheet(pictures, 20).save(args.out / "sheet.png")
    if page := failures(pictures, cases, found, right):
        page.save(args.out / "failures.png")


if __name__ == "__main__":
    main()
