"""Trained networks back from their checkpoints, and the whole pipeline as the engine runs it."""

from __future__ import annotations

import pathlib

import torch

import optim
from networks.autoencoder import Decoder, Encoder, LightEncoder, raw_of
from networks.next_dit import DitShape, NextDit
from networks.qwen3 import Qwen3, Qwen3Shape
from quantization import rounded, rounds
from text import ids_of, stack

STEPS, SHIFT = 8, 3.0


def _freeze(module):
    return module.eval().requires_grad_(False)


@torch.no_grad()
def exported(module):
    """The module with the values that its F8 file holds."""
    for name, p in module.named_parameters():
        p.copy_(rounded(p) if rounds(name, p) else p.bfloat16().float())
    return _freeze(module)


def _averaged(module, state):
    average = optim.Average(module)
    average.load_state_dict(state)
    average.copy_to(module)


def load_autoencoder(run, final=False):
    """(encoder, decoder), averaged weights; final: refuses an encoder that still learns."""
    state = torch.load(
        pathlib.Path(run) / "autoencoder.pt",
        weights_only=True,
        map_location=torch.get_default_device(),
    )
    if final and not state["frozen"]:
        raise SystemExit(f"the encoder of {run} still learns: go on with train_autoencoder.py first")
    both = torch.nn.ModuleDict(
        {"encoder": LightEncoder(), "decoder": Decoder(state["widths"], state["blocks"])}
    )
    both.load_state_dict(state["model"])
    _averaged(both, state["average"])
    _freeze(both.to(memory_format=torch.channels_last))
    return both["encoder"], both["decoder"]


def load_encoder(run):
    """FLUX's, for the file."""
    state = torch.load(
        pathlib.Path(run) / "encoder.pt",
        weights_only=True,
        map_location=torch.get_default_device(),
    )
    model = Encoder()
    model.load_state_dict(state["model"])
    _averaged(model, state["average"])
    return _freeze(model.to(memory_format=torch.channels_last))


def load_text(run):
    state = torch.load(
        pathlib.Path(run) / "text.pt", weights_only=True, map_location=torch.get_default_device()
    )
    model = Qwen3(Qwen3Shape(**state["shape"]), state["model"]["rows"])
    model.load_state_dict(state["model"])
    return exported(model)


def load_flow(run):
    state = torch.load(
        pathlib.Path(run) / "flow.pt", weights_only=True, map_location=torch.get_default_device()
    )
    model = NextDit(DitShape(**state["shape"]))
    model.load_state_dict(state["model"])
    _averaged(model, state["average"])
    return exported(model)


def sigmas(steps=STEPS, shift=SHIFT):
    """ComfyUI's `simple` schedule."""
    t = torch.tensor([1 - int(i * 1000 / steps) / 1000 for i in range(steps)] + [0.0])
    return shift * t / (1 + (shift - 1) * t)


def _noise(seed, size):
    """The engine's: PyTorch's generator on the processor, wherever the networks are."""
    generator = torch.Generator("cpu").manual_seed(seed)
    noise = torch.randn(1, 16, size // 8, size // 8, generator=generator, device="cpu")
    return noise.to(torch.get_default_device())


@torch.no_grad()
def sample_latents(text, dit, prompts, seeds, steps=STEPS, size=128):
    """Euler without guidance: one latent [1, 16, size / 8, size / 8] a prompt, the engine's noise."""
    out: list = [None] * len(prompts)
    ids = [ids_of(p) for p in prompts]
    for padded in sorted({-(-len(i) // 32) for i in ids}):
        chosen = [i for i, x in enumerate(ids) if -(-len(x) // 32) == padded]
        tokens, lengths = stack([ids[i] for i in chosen])
        caption = dit.caption(text(tokens), lengths)
        x = torch.cat([_noise(seeds[i], size) for i in chosen])
        schedule = sigmas(steps)
        for now, then in zip(schedule, schedule[1:]):
            x = x + (then - now) * dit(x, now.expand(len(x)), caption)
        for i, latent in zip(chosen, x):
            out[i] = latent[None]
    return torch.cat(out)


@torch.no_grad()
def decode(decoder, latents):
    """uint8 [n, height, width, 3]"""
    pictures = [(decoder(raw_of(z[None])) / 2 + 0.5).clamp(0, 1) for z in latents]
    return (torch.cat(pictures).permute(0, 2, 3, 1) * 255).floor().to(torch.uint8).cpu().numpy()


def generate(text, dit, decoder, prompts, seeds, steps=STEPS, size=128, batch=25):
    pictures = []
    for i in range(0, len(prompts), batch):
        latents = sample_latents(
            text, dit, prompts[i : i + batch], seeds[i : i + batch], steps, size
        )
        pictures.extend(decode(decoder, latents))
    return pictures
