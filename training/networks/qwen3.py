"""Qwen3 as a text encoder: the residual stream after layer `layers - 2`. Sequences may be padded at
the end: attention is causal, so padding changes nothing before it."""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass
class Qwen3Shape:
    hidden: int = 64
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    ffn: int = 192
    vocabulary: int = 151936


class RmsNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x.float(), self.weight.shape, self.weight, self.eps)


def rope(x):
    """x [n, heads, tokens, head_dim]; element i turns with i + head_dim / 2."""
    tokens, width = x.shape[-2:]
    frequency = 1e6 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = torch.arange(tokens, dtype=torch.float64)[:, None] * frequency
    cos, sin = angle.cos().float(), angle.sin().float()
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


class SelfAttention(nn.Module):
    def __init__(self, s: Qwen3Shape):
        super().__init__()
        self.s = s
        self.q_proj = nn.Linear(s.hidden, s.heads * s.head_dim, bias=False)
        self.k_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=False)
        self.v_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=False)
        self.o_proj = nn.Linear(s.heads * s.head_dim, s.hidden, bias=False)
        self.q_norm, self.k_norm = RmsNorm(s.head_dim, 1e-6), RmsNorm(s.head_dim, 1e-6)

    def forward(self, x):
        s, (n, tokens, _) = self.s, x.shape
        split = lambda y, heads: y.view(n, tokens, heads, s.head_dim).transpose(1, 2)
        q = rope(self.q_norm(split(self.q_proj(x), s.heads)))
        k = rope(self.k_norm(split(self.k_proj(x), s.kv_heads)))
        v = split(self.v_proj(x), s.kv_heads)
        repeat = s.heads // s.kv_heads
        k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(n, tokens, -1))


class Mlp(nn.Module):
    def __init__(self, s: Qwen3Shape):
        super().__init__()
        self.gate_proj = nn.Linear(s.hidden, s.ffn, bias=False)
        self.up_proj = nn.Linear(s.hidden, s.ffn, bias=False)
        self.down_proj = nn.Linear(s.ffn, s.hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, s: Qwen3Shape):
        super().__init__()
        self.input_layernorm = RmsNorm(s.hidden, 1e-6)
        self.self_attn = SelfAttention(s)
        self.post_attention_layernorm = RmsNorm(s.hidden, 1e-6)
        self.mlp = Mlp(s)

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class Qwen3(nn.Module):
    """The layers that the encoder runs, `layers - 1` of them. While training, `rows` maps the
    vocabulary's ids to the rows of a small table; the exporter spreads it again."""

    def __init__(self, s: Qwen3Shape, rows: torch.Tensor | None = None):
        super().__init__()
        self.s = s
        self.register_buffer("rows", rows if rows is not None else None)
        count = s.vocabulary if rows is None else int(rows.max()) + 1
        self.embed_tokens = nn.Embedding(count, s.hidden)
        self.layers = nn.ModuleList(Layer(s) for _ in range(s.layers - 1))

    def forward(self, ids):
        x = self.embed_tokens(ids if self.rows is None else self.rows[ids])
        for layer in self.layers:
            x = layer(x)
        return x
