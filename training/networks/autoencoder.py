"""FLUX.1's autoencoder at free widths, and the light encoder that the small model is trained with."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

GROUPS = 32
LATENT_CHANNELS = 16
LATENT_SHIFT, LATENT_SCALE = 0.1159, 0.3611  # stored = (raw - shift) * scale


def as_input(pictures):
    """uint8 pictures as the networks see them: -1..1."""
    return pictures.float().div_(127.5).sub_(1)


def norm(width):
    return nn.GroupNorm(GROUPS, width, eps=1e-6)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2, self.conv2 = norm(outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.nin_shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.nin_shortcut(x) if self.nin_shortcut is not None else x)


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = norm(width)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(width, width, 1) for _ in range(4))
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, x):
        n, c, height, width = x.shape
        h = self.norm(x)
        q, k, v = (
            m(h).reshape(n, 1, c, height * width).transpose(2, 3) for m in (self.q, self.k, self.v)
        )
        h = F.scaled_dot_product_attention(q, k, v)
        return x + self.proj_out(h.transpose(2, 3).reshape(n, c, height, width))


class Upsample(nn.Module):
    """Nearest x2, then a 3x3 convolution, done as four 2x2 convolutions of the small picture: each
    output phase sees only two distinct rows and columns, so 16 taps do the work of 36."""

    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        if not self.training:
            return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        n, c, h, w = x.shape
        k = self.conv.weight
        rows = (
            torch.stack([k[:, :, 0], k[:, :, 1] + k[:, :, 2]], 2),
            torch.stack([k[:, :, 0] + k[:, :, 1], k[:, :, 2]], 2),
        )
        x = F.pad(x, (1, 1, 1, 1)).contiguous(memory_format=torch.channels_last)
        lines = []
        for i, r in enumerate(rows):
            cols = (
                torch.stack([r[..., 0], r[..., 1] + r[..., 2]], 3),
                torch.stack([r[..., 0] + r[..., 1], r[..., 2]], 3),
            )
            line = [
                F.conv2d(x[:, :, i : i + h + 1, j : j + w + 1], q, self.conv.bias)
                for j, q in enumerate(cols)
            ]
            lines.append(torch.stack([p.permute(0, 2, 3, 1) for p in line], 3))  # n h w 2 c
        return torch.stack(lines, 2).reshape(n, 2 * h, 2 * w, c).permute(0, 3, 1, 2)


class Level(nn.Module):
    def __init__(self, inputs, outputs, blocks, upsample):
        super().__init__()
        self.block = nn.ModuleList(
            ResidualBlock(inputs if i == 0 else outputs, outputs) for i in range(blocks)
        )
        if upsample:
            self.upsample = Upsample(outputs)

    def forward(self, x):
        for block in self.block:
            x = block(x)
        return self.upsample(x) if hasattr(self, "upsample") else x


class Decoder(nn.Module):
    """Raw latent [n, 16, h, w] -> [n, 3, 8h, 8w] in -1..1. widths[0] and blocks[0] are the finest
    level's; FLUX has three blocks a level. A finest level without blocks needs widths[0] == widths[1]."""

    def __init__(self, widths=(64, 64, 64, 128), blocks=(0, 1, 2, 2)):
        super().__init__()
        top = widths[-1]
        self.conv_in = nn.Conv2d(LATENT_CHANNELS, top, 3, padding=1)
        self.mid = nn.Module()
        self.mid.block_1, self.mid.attn_1, self.mid.block_2 = (
            ResidualBlock(top, top),
            Attention(top),
            ResidualBlock(top, top),
        )
        self.up = nn.ModuleList(
            Level(widths[min(i + 1, len(widths) - 1)], w, blocks[i], i > 0)
            for i, w in enumerate(widths)
        )
        self.norm_out, self.conv_out = norm(widths[0]), nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, z):
        x = self.conv_in(z)
        x = self.mid.block_2(self.mid.attn_1(self.mid.block_1(x)))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(x)))


class LightEncoder(nn.Module):
    """Picture [n, 3, 8h, 8w] in -1..1 -> latent as the sampler sees it, [n, 16, h, w]. No norms inside:
    a latent cell depends on its neighbourhood alone, whatever else is in the picture. Channels have
    zero mean; the mean square over all of them is one, and the encoder may share it out as it likes."""

    def __init__(self, fine=128, coarse=256):
        super().__init__()
        self.linear = nn.Conv2d(3, LATENT_CHANNELS, 8, stride=8)
        self.first = nn.Conv2d(48, fine, 3, padding=1)
        self.fine = nn.Sequential(
            nn.SiLU(),
            nn.Conv2d(fine, fine, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(fine, fine, 3, padding=1),
        )
        self.down = nn.Conv2d(fine, coarse, 2, stride=2)
        self.coarse = nn.Sequential(
            nn.SiLU(),
            nn.Conv2d(coarse, coarse, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(coarse, coarse, 3, padding=1),
        )
        self.out = nn.Conv2d(coarse, LATENT_CHANNELS, 1)
        self.register_buffer("mean", torch.zeros(LATENT_CHANNELS))
        self.register_buffer("square", torch.ones(()))
        self.fixed = False  # keep the statistics as they are

    def forward(self, x):
        h = self.first(F.pixel_unshuffle(x, 4))
        h = h + self.fine(h)
        h = self.down(F.silu(h))
        h = h + self.coarse(h)
        z = (self.linear(x) + self.out(F.silu(h))).float()
        if not self.training or self.fixed:
            return (z - self.mean[:, None, None]) * self.square.rsqrt()
        mean = z.mean((0, 2, 3))
        square = (z - mean[:, None, None]).square().mean()
        with torch.no_grad():
            self.mean.lerp_(mean, 0.02)
            self.square.lerp_(square, 0.02)
        return (z - mean[:, None, None]) * square.rsqrt()


def raw_of(latent):
    """What the sampler's latent is to the autoencoder's file. The decoder must be trained on this very
    thing: its first convolution pads with zeros of raw latents."""
    return latent / LATENT_SCALE + LATENT_SHIFT


def latent_of(raw):
    """The other way."""
    return (raw - LATENT_SHIFT) * LATENT_SCALE


class Downsample(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class DownLevel(nn.Module):
    def __init__(self, inputs, outputs, downsample):
        super().__init__()
        self.block = nn.ModuleList(
            ResidualBlock(inputs if i == 0 else outputs, outputs) for i in range(2)
        )
        if downsample:
            self.downsample = Downsample(outputs)

    def forward(self, x):
        for block in self.block:
            x = block(x)
        return self.downsample(x) if hasattr(self, "downsample") else x


class Encoder(nn.Module):
    """FLUX's encoder: picture in -1..1 -> raw latent (the mean; the variance is discarded)."""

    def __init__(self, widths=(32, 32, 64, 96)):
        super().__init__()
        top = widths[-1]
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            DownLevel(widths[max(i - 1, 0)], w, i < len(widths) - 1) for i, w in enumerate(widths)
        )
        self.mid = nn.Module()
        self.mid.block_1, self.mid.attn_1, self.mid.block_2 = (
            ResidualBlock(top, top),
            Attention(top),
            ResidualBlock(top, top),
        )
        self.norm_out, self.conv_out = norm(top), nn.Conv2d(top, 2 * LATENT_CHANNELS, 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down:
            x = level(x)
        x = self.mid.block_2(self.mid.attn_1(self.mid.block_1(x)))
        return self.conv_out(F.silu(self.norm_out(x)))[:, :LATENT_CHANNELS]
