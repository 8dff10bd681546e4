"""Writes the trained networks as the files a user has, in ComfyUI's folders:

    export.py --run RUN --out ../assets/small-model

diffusion_models/zanime-small-fp8.safetensors (F8_E4M3, Diffusers names),
text_encoders/zanime-small-qwen3-fp8.safetensors (F8_E4M3, Hugging Face names, Qwen's vocabulary) and
vae/zanime-small-ae.safetensors (BF16, FLUX names). Vectors are BF16 in all three.
"""

from __future__ import annotations

import argparse
import os
import pathlib

import torch
from safetensors.torch import save_file

import models
from networks.autoencoder import LATENT_CHANNELS, ResidualBlock
from quantization import rounds
from tokenizer import VOCABULARY

NAMES = {
    "flow": "diffusion_models/zanime-small-fp8.safetensors",
    "text": "text_encoders/zanime-small-qwen3-fp8.safetensors",
    "autoencoder": "vae/zanime-small-ae.safetensors",
}
LIMIT = 24_000_000
LEAST_LOG_VARIANCE = -30.0


def stored(name, p):
    return p.to(torch.float8_e4m3fn if rounds(name, p) else torch.bfloat16).contiguous()


def diffusers_names(name: str) -> list[str]:
    """One name, or three for the parts of a fused qkv."""
    for canonical, theirs in (
        ("x_embedder.", "all_x_embedder.2-1."),
        ("final_layer.", "all_final_layer.2-1."),
    ):
        if name.startswith(canonical):
            return [theirs + name.removeprefix(canonical)]
    if ".attention.qkv." in name:
        return [name.replace(".qkv.", f".to_{part}.") for part in "qkv"]
    for canonical, theirs in (
        (".out.", ".to_out.0."),
        (".q_norm.", ".norm_q."),
        (".k_norm.", ".norm_k."),
    ):
        name = name.replace(".attention" + canonical, ".attention" + theirs)
    return [name]


def flow_tensors(model):
    out = {}
    for name, p in model.named_parameters():
        names = diffusers_names(name)
        for key, part in zip(names, p.detach().chunk(len(names))):
            out[key] = stored(name, part)
    return out


def text_tensors(model):
    """The last layer and the final norm do not run; the file has them, zero and one."""
    s, out = model.s, {}
    for name, p in model.named_parameters():
        if name == "embed_tokens.weight":
            table = torch.zeros(VOCABULARY, s.hidden)
            used = model.rows > 0
            table[used] = p.detach()[model.rows[used]]
            p = table
        out["model." + name] = stored(name, p.detach())
    last = f"model.layers.{s.layers - 1}."
    for name in [n for n in out if n.startswith("model.layers.0.")]:
        value = (
            torch.ones_like(out[name].float())
            if out[name].ndim == 1
            else torch.zeros_like(out[name].float())
        )
        out[name.replace("model.layers.0.", last)] = value.to(out[name].dtype)
    out["model.norm.weight"] = torch.ones(s.hidden, dtype=torch.bfloat16)
    return out


def autoencoder_tensors(encoder, decoder):
    """FLUX's decoder has three blocks a level, and shortcuts where levels 1 and 0 begin; what was not
    trained is there and changes nothing. The encoder's variance is the least that FLUX knows."""
    out = {"encoder." + name: p.detach().clone() for name, p in encoder.named_parameters()}
    out["encoder.conv_out.weight"][LATENT_CHANNELS:] = 0.0
    out["encoder.conv_out.bias"][LATENT_CHANNELS:] = LEAST_LOG_VARIANCE
    out |= {"decoder." + name: p.detach() for name, p in decoder.named_parameters()}
    for i, level in enumerate(decoder.up):
        width = decoder.norm_out.num_channels if i == 0 else level.upsample.conv.out_channels
        for j in range(len(level.block), 3):
            for name, p in ResidualBlock(width, width).named_parameters():
                out[f"decoder.up.{i}.block.{j}.{name}"] = (
                    torch.zeros_like(p) if "conv" in name else p.detach()
                )
        shortcut = f"decoder.up.{i}.block.0.nin_shortcut."
        if i < 2 and shortcut + "weight" not in out:
            out[shortcut + "weight"] = torch.eye(width)[:, :, None, None]
            out[shortcut + "bias"] = torch.zeros(width)
    return {name: p.to(torch.bfloat16).contiguous() for name, p in out.items()}


def write(run, folder) -> int:
    run, folder = pathlib.Path(run), pathlib.Path(folder)
    parts = {
        "flow": lambda: flow_tensors(models.load_flow(run)),
        "text": lambda: text_tensors(models.load_text(run)),
        "autoencoder": lambda: autoencoder_tensors(
            models.load_encoder(run), models.load_autoencoder(run)[1]
        ),
    }
    total = 0
    for part, tensors in parts.items():
        path = folder / NAMES[part]
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".tmp")
        save_file(
            tensors(), scratch, metadata={"format": "pt", "model": "zanime small, drawn pictures"}
        )
        os.replace(scratch, path)
        total += path.stat().st_size
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    print(f"{total / 1e6:.2f} MB in all")
    return total


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    if write(args.run, args.out) >= LIMIT:
        raise SystemExit(f"over the limit of {LIMIT / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
