"""Holds the PyTorch networks to the engine's reference results: verify.py GOLDEN_FOLDER.

The folder has cases.json, tokens.json and results.safetensors; its README states the law that gives
every weight from its name.
"""

from __future__ import annotations

import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file

from networks.autoencoder import Decoder
from networks.next_dit import DitShape, NextDit
from networks.qwen3 import Qwen3, Qwen3Shape
from tokenizer import encode_prompt

TOLERANCE = 1e-4


def synthetic(name: str, shape) -> torch.Tensor:
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        x = (
            np.arange(int(np.prod(shape)), dtype=np.uint64)
            + np.uint64(seed)
            + np.uint64(0x9E3779B97F4A7C15)
        )
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    u = (x >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    base, amplitude = 1.0, 0.1
    if name.endswith("pad_token"):
        base, amplitude = 0.0, 0.5
    elif "embed_tokens" in name:
        base, amplitude = 0.0, 1.0
    elif len(shape) >= 2:
        base, amplitude = 0.0, float(np.sqrt(np.float32(3 / np.prod(shape[1:]))))
    elif name.endswith("bias"):
        base, amplitude = 0.0, 0.02
    return torch.from_numpy(np.float32(base) + np.float32(amplitude) * u).view(*shape)


@torch.no_grad()
def fill(module, prefix="", dtype=torch.float32):
    for name, p in module.named_parameters():
        p.copy_(synthetic(prefix + name, tuple(p.shape)).to(dtype).float())
    return module.eval()


def check(what, got, wanted) -> bool:
    error = (got - wanted).abs().max().item() / wanted.abs().max().item()
    print(f"{what}: {error:.2e} {'ok' if error <= TOLERANCE else 'WRONG'}")
    return error <= TOLERANCE


@torch.no_grad()
def main():
    folder = pathlib.Path(sys.argv[1])
    cases = json.loads((folder / "cases.json").read_text())
    tokens = json.loads((folder / "tokens.json").read_text())
    results = load_file(folder / "results.safetensors")
    wrong = [t["text"] for t in tokens if encode_prompt(t["text"]) != t["ids"]]
    print(f"tokens: {len(tokens) - len(wrong)} of {len(tokens)} prompts")
    good = not wrong

    te = cases["te"]
    shape = Qwen3Shape(
        te["hidden"], te["layers"], te["heads"], te["kv"], te["head_dim"], te["ffn"], te["vocab"]
    )
    encoder = fill(Qwen3(shape), "model.", dtype=torch.float8_e4m3fn)
    conditioning = {}
    for i in cases["text_prompts"]:
        conditioning[i] = encoder(torch.tensor([tokens[i]["ids"]]))
        good &= check(f"text/fp8/{i}", conditioning[i], results[f"text/fp8/{i}"])

    d = cases["dit_shape"]
    for dtype, key in ((torch.float32, "fp32"), (torch.float8_e4m3fn, "fp8-diffusers")):
        dit = fill(
            NextDit(
                DitShape(d["dim"], d["layers"], d["refiners"], d["head_dim"], d["ffn"], d["cap"])
            ),
            dtype=dtype,
        )
        for n, case in enumerate(cases["dit"]):
            text = conditioning[case["prompt"]]
            caption = dit.caption(text, torch.tensor([text.shape[1]])).expand(case["batch"], -1, -1)
            sigma = torch.full((case["batch"],), case["sigma"])
            good &= check(
                f"dit/{key}/{n}",
                dit(results[f"dit/in/{n}"], sigma, caption),
                results[f"dit/{key}/{n}"],
            )

    ch = cases["vae"]["ch"]
    decoder = fill(Decoder((ch, 2 * ch, 4 * ch, 4 * ch), (3, 3, 3, 3)), "decoder.")
    for n in range(3):
        raw = results[f"vae/in/{n}"]
        picture = (decoder(raw) / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
        good &= check(f"vae/{n}", picture, results[f"vae/out/{n}"])
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
