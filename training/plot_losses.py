"""Draws a run's losses: plot_losses.py --run RUN --out losses.png"""

from __future__ import annotations

import argparse
import json
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    titles = {
        "autoencoder": "autoencoder (loss; PSNR, dB)",
        "encoder": "FLUX's encoder",
        "text": "text encoder",
        "flow": "diffusion model",
        "classifier": "classifier",
    }
    titles = {k: v for k, v in titles.items() if (args.run / f"{k}.jsonl").exists()}
    figure, axes = plt.subplots(
        -(-len(titles) // 2), 2, figsize=(10, 3.2 * -(-len(titles) // 2)), constrained_layout=True
    )
    for axis in axes.flat[len(titles) :]:
        axis.set_axis_off()
    for axis, (name, title) in zip(axes.flat, titles.items()):
        lines = [r for r in read(args.run / f"{name}.jsonl") if "loss" in r]
        x = "seen" if name in ("flow", "classifier") else "step"
        axis.plot(
            [r[x] for r in lines], [r["loss"] for r in lines], label="all", color="black", lw=1
        )
        if name == "flow":
            for i, part in enumerate(("0 to 1/4", "1/4 to 1/2", "1/2 to 3/4", "3/4 to 1")):
                axis.plot(
                    [r[x] for r in lines],
                    [r["quarters"][i] for r in lines],
                    lw=0.8,
                    label=f"sigma {part}",
                )
            axis.legend(fontsize=7)
            axis.set_yscale("log")
        if name == "autoencoder":
            quality = [r for r in read(args.run / "autoencoder.jsonl") if "psnr" in r]
            other = axis.twinx()
            other.plot(
                [r["step"] for r in quality], [r["psnr"] for r in quality], color="tab:blue", lw=1
            )
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("pictures seen" if x == "seen" else "steps", fontsize=8)
    figure.savefig(args.out, dpi=90)


if __name__ == "__main__":
    main()
