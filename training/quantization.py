"""F8_E4M3 as the files hold it, and training that knows about it."""

from __future__ import annotations

import contextlib

import torch


def rounds(name: str, p: torch.Tensor) -> bool:
    """Whether the exporter writes this parameter as F8: matrices. Vectors stay BF16."""
    return p.ndim == 2 and not name.endswith("pad_token")


def rounded(p: torch.Tensor) -> torch.Tensor:
    return p.clamp(-448, 448).to(torch.float8_e4m3fn).float()


@contextlib.contextmanager
def as_exported(module, active=True):
    """Within, the parameters have the values that the exported file would give; gradients computed
    there apply to the full-precision ones (straight-through)."""
    kept = {}
    if active:
        with torch.no_grad():
            for name, p in module.named_parameters():
                kept[name] = p.data
                p.data = rounded(p.data) if rounds(name, p) else p.data.bfloat16().float()
    try:
        yield module
    finally:
        for name, p in module.named_parameters():
            if name in kept:
                p.data = kept[name]
