"""Muon (Jordan et al. 2024) for matrices and convolutions, Adam for everything else; EMA of weights."""

from __future__ import annotations

import math

import torch


def orthogonalize(g: torch.Tensor, steps: int = 4) -> torch.Tensor:
    """The nearest semi-orthogonal matrix to g, roughly, by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / (g.norm() + 1e-7)
    flip = x.shape[0] > x.shape[1]
    if flip:
        x = x.T
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if flip else x


class Muon(torch.optim.Optimizer):
    """Groups with use_muon run Muon (lr scaled so that an update has the RMS of Adam's), others AdamW."""

    def __init__(self, groups):
        super().__init__(
            groups, {"lr": 1e-3, "betas": (0.9, 0.98), "weight_decay": 0.0, "use_muon": False}
        )

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, decay = group["lr"], group["weight_decay"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if decay:
                    p.mul_(1 - lr * decay)
                if group["use_muon"]:
                    m = state.setdefault("m", torch.zeros_like(p))
                    m.mul_(0.95).add_(p.grad)
                    g = p.grad.add(m, alpha=0.95).flatten(1)
                    # A matrix of three stacked ones (qkv) is three matrices.
                    count = 3 if p.ndim == 2 and g.shape[0] == 3 * g.shape[1] else 1
                    parts = [
                        orthogonalize(part) * math.sqrt(max(part.shape)) for part in g.chunk(count)
                    ]
                    p.add_(torch.cat(parts).view_as(p), alpha=-lr * 0.2)
                else:
                    b1, b2 = group["betas"]
                    m = state.setdefault("m", torch.zeros_like(p))
                    v = state.setdefault("v", torch.zeros_like(p))
                    t = state["t"] = state.get("t", 0) + 1
                    m.lerp_(p.grad, 1 - b1)
                    v.lerp_(p.grad.square(), 1 - b2)
                    p.addcdiv_(m / (1 - b1**t), (v / (1 - b2**t)).sqrt_().add_(1e-8), value=-lr)


def make(
    named_parameters, lr: float, adam_only=lambda name: False, weight_decay: float = 0.0
) -> Muon:
    """Muon for weights of two and more dimensions unless adam_only(name)."""
    muon, adam = [], []
    for name, p in named_parameters:
        if p.requires_grad:
            (muon if p.ndim >= 2 and not adam_only(name) else adam).append(p)
    return Muon(
        [
            {
                "params": muon,
                "use_muon": True,
                "lr": lr,
                "weight_decay": weight_decay,
                "base_lr": lr,
            },
            {"params": adam, "use_muon": False, "lr": lr, "base_lr": lr},
        ]
    )


def set_schedule(optimizer, progress: float, warmup: float = 0.02, floor: float = 0.02) -> float:
    """Linear warm-up, flat, then linear decay over the last 60 %; progress runs from 0 to 1."""
    k = min(progress / warmup, 1.0) * (1.0 if progress < 0.4 else max(floor, (1 - progress) / 0.6))
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * k
    return k


class Average:
    """Exponential moving average of a module's parameters, with a warm-up."""

    def __init__(self, module, decay=0.995):
        self.decay, self.count = decay, 0
        self.values = {k: v.detach().clone() for k, v in module.named_parameters()}

    @torch.no_grad()
    def update(self, module):
        """Parameters that no longer learn keep their average."""
        self.count += 1
        d = min(self.decay, (1 + self.count) / (10 + self.count))
        for k, v in module.named_parameters():
            self.values[k].lerp_(v, 1 - d)

    @torch.no_grad()
    def copy_to(self, module, prefix=""):
        for k, v in module.named_parameters():
            v.copy_(self.values[prefix + k])

    def state_dict(self):
        return {"count": self.count, "values": self.values}

    def load_state_dict(self, state):
        self.count, self.values = state["count"], state["values"]
