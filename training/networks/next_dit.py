"""NextDiT of Z-Image at free widths. Batches share one caption length and one picture size."""

from __future__ import annotations

import dataclasses
import functools
import math

import torch
import torch.nn.functional as F
from torch import nn

from networks.qwen3 import RmsNorm

PATCH = 2
TIME_FEATURES = 256
ROPE_THETA = 256.0
HEAD_EPS = 1.1920929e-7


@dataclasses.dataclass
class DitShape:
    dim: int = 256
    layers: int = 5
    refiners: int = 1
    head_dim: int = 64
    ffn: int = 512
    caption: int = 64
    channels: int = 16

    @property
    def modulation(self):
        return min(self.dim, 256)


def rope_table(positions, head_dim):
    """positions [tokens, 3] -> cos, sin [tokens, head_dim / 2]; the axes take 2, 3, 3 eighths."""
    parts = []
    for axis, eighths in enumerate((2, 3, 3)):
        width = head_dim * eighths // 8
        index = torch.arange(0, width, 2, dtype=torch.float64, device=positions.device)
        frequency = ROPE_THETA ** (-index / width)
        parts.append(positions[:, axis : axis + 1].double() * frequency)
    angle = torch.cat(parts, dim=1)
    return angle.cos().float(), angle.sin().float()


@functools.lru_cache(64)
def caption_table(tokens, head_dim, device):
    positions = torch.zeros(tokens, 3, device=device)
    positions[:, 0] = torch.arange(1, tokens + 1, device=device)
    return rope_table(positions, head_dim)


@functools.lru_cache(64)
def joint_table(length, rows, columns, head_dim, device):
    """A caption of `length` tokens, then the picture's patches, then what pads those to a multiple of
    32. Patches lie on the plane after the caption."""
    tokens = rows * columns
    positions = torch.zeros(length + padded(tokens), 3, device=device)
    positions[:length, 0] = torch.arange(1, length + 1, device=device)
    grid = positions[length : length + tokens]
    grid[:, 0] = length + 1
    grid[:, 1] = torch.arange(rows, device=device).repeat_interleave(columns)
    grid[:, 2] = torch.arange(columns, device=device).repeat(rows)
    return rope_table(positions, head_dim)


def padded(tokens):
    """Tokens of a caption or a picture inside the network: the next multiple of 32."""
    return -(-tokens // 32) * 32


def rotate(x, table):
    """x [n, tokens, heads, head_dim], pairs (2i, 2i + 1)."""
    cos, sin = (t[:, None, :] for t in table)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


class Attention(nn.Module):
    def __init__(self, s: DitShape):
        super().__init__()
        self.head_dim = s.head_dim
        self.qkv = nn.Linear(s.dim, 3 * s.dim, bias=False)
        self.out = nn.Linear(s.dim, s.dim, bias=False)
        self.q_norm, self.k_norm = RmsNorm(s.head_dim, HEAD_EPS), RmsNorm(s.head_dim, HEAD_EPS)

    def forward(self, x, table):
        n, tokens, dim = x.shape
        q, k, v = self.qkv(x).view(n, tokens, 3, -1, self.head_dim).unbind(2)
        q, k = rotate(self.q_norm(q), table), rotate(self.k_norm(k), table)
        y = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        return self.out(y.transpose(1, 2).reshape(n, tokens, dim))


class FeedForward(nn.Module):
    def __init__(self, s: DitShape):
        super().__init__()
        self.w1 = nn.Linear(s.dim, s.ffn, bias=False)
        self.w2 = nn.Linear(s.ffn, s.dim, bias=False)
        self.w3 = nn.Linear(s.dim, s.ffn, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    def __init__(self, s: DitShape, modulated: bool):
        super().__init__()
        self.attention, self.feed_forward = Attention(s), FeedForward(s)
        self.attention_norm1, self.attention_norm2 = RmsNorm(s.dim, 1e-5), RmsNorm(s.dim, 1e-5)
        self.ffn_norm1, self.ffn_norm2 = RmsNorm(s.dim, 1e-5), RmsNorm(s.dim, 1e-5)
        if modulated:
            self.adaLN_modulation = nn.Sequential(nn.Linear(s.modulation, 4 * s.dim))

    def forward(self, x, table, c=None):
        if c is None:
            x = x + self.attention_norm2(self.attention(self.attention_norm1(x), table))
            return x + self.ffn_norm2(self.feed_forward(self.ffn_norm1(x)))
        scale_a, gate_a, scale_m, gate_m = self.adaLN_modulation(c)[:, None].chunk(4, dim=-1)
        h = self.attention(self.attention_norm1(x) * (1 + scale_a), table)
        x = x + gate_a.tanh() * self.attention_norm2(h)
        h = self.feed_forward(self.ffn_norm1(x) * (1 + scale_m))
        return x + gate_m.tanh() * self.ffn_norm2(h)


class Time(nn.Module):
    def __init__(self, s: DitShape):
        super().__init__()
        hidden = min(s.dim, 1024)
        self.mlp = nn.Sequential(
            nn.Linear(TIME_FEATURES, hidden), nn.SiLU(), nn.Linear(hidden, s.modulation)
        )

    def forward(self, sigma):
        half = TIME_FEATURES // 2
        frequency = torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float32) / half)
        angle = ((1 - sigma) * 1000)[:, None] * frequency
        return self.mlp(torch.cat([angle.cos(), angle.sin()], dim=-1))


class FinalLayer(nn.Module):
    def __init__(self, s: DitShape):
        super().__init__()
        self.linear = nn.Linear(s.dim, PATCH * PATCH * s.channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(s.modulation, s.dim))

    def forward(self, x, c):
        x = F.layer_norm(x, x.shape[-1:], eps=1e-6)
        return self.linear(x * (1 + self.adaLN_modulation(c)[:, None]))


class NextDit(nn.Module):
    def __init__(self, s: DitShape):
        super().__init__()
        self.s = s
        self.x_embedder = nn.Linear(PATCH * PATCH * s.channels, s.dim)
        self.cap_embedder = nn.Sequential(RmsNorm(s.caption, 1e-5), nn.Linear(s.caption, s.dim))
        self.t_embedder = Time(s)
        self.x_pad_token = nn.Parameter(torch.zeros(1, s.dim))
        self.cap_pad_token = nn.Parameter(torch.zeros(1, s.dim))
        self.noise_refiner = nn.ModuleList(Block(s, True) for _ in range(s.refiners))
        self.context_refiner = nn.ModuleList(Block(s, False) for _ in range(s.refiners))
        self.layers = nn.ModuleList(Block(s, True) for _ in range(s.layers))
        self.final_layer = FinalLayer(s)
        self.start()

    def start(self):
        """Initial values: gates slightly open, the output zero."""
        for name, p in self.named_parameters():
            if p.ndim == 2 and "pad_token" not in name:
                nn.init.normal_(p, std=p.shape[1] ** -0.5 * 0.7)
        for module in self.modules():
            if hasattr(module, "adaLN_modulation"):
                nn.init.zeros_(module.adaLN_modulation[-1].weight)
                nn.init.zeros_(module.adaLN_modulation[-1].bias)
                if isinstance(module, Block):
                    dim = self.s.dim
                    with torch.no_grad():
                        module.adaLN_modulation[0].bias.view(4, dim)[[1, 3]] = 0.5
        nn.init.zeros_(self.final_layer.linear.weight)
        nn.init.zeros_(self.final_layer.linear.bias)
        nn.init.normal_(self.cap_pad_token, std=0.5)
        nn.init.normal_(self.x_pad_token, std=0.5)

    def caption(self, conditioning, lengths):
        """conditioning [n, tokens, width], of which lengths [n] count -> [n, padded, dim]. The padded
        length is that of the whole batch: group captions that pad to the same multiple of 32."""
        tokens = conditioning.shape[1]
        length = padded(tokens)
        x = self.cap_embedder(conditioning)
        x = F.pad(x, (0, 0, 0, length - tokens))
        beyond = torch.arange(length)[None, :, None] >= lengths[:, None, None]
        x = torch.where(beyond, self.cap_pad_token, x)
        table = caption_table(length, self.s.head_dim, x.device)
        for block in self.context_refiner:
            x = block(x, table)
        return x

    def forward(self, latent, sigma, caption):
        """Velocity at latent [n, channels, h, w], sigma [n], caption as caption() returns it."""
        n, channels, h, w = latent.shape
        rows, columns = h // PATCH, w // PATCH
        x = latent.view(n, channels, rows, PATCH, columns, PATCH).permute(0, 2, 4, 3, 5, 1)
        x = self.x_embedder(x.reshape(n, rows * columns, -1))
        tokens, length = rows * columns, caption.shape[1]
        if missing := padded(tokens) - tokens:
            x = torch.cat([x, self.x_pad_token.expand(n, missing, -1)], dim=1)
        cos, sin = joint_table(length, rows, columns, self.s.head_dim, x.device)
        c = self.t_embedder(sigma)
        for block in self.noise_refiner:
            x = block(x, (cos[length:], sin[length:]), c)
        x = torch.cat([caption, x], dim=1)
        for block in self.layers:
            x = block(x, (cos, sin), c)
        x = self.final_layer(x[:, length : length + tokens], c)
        x = x.view(n, rows, columns, PATCH, PATCH, channels).permute(0, 5, 1, 3, 2, 4)
        return -x.reshape(n, channels, h, w)
