"""Muon (Jordan et al. 2024) for matrices and convolutions, Adam for everything else; EMA of weights."""

from __future__ import annotations

import math

import torch


def orthogonalize(g: torch.Tensor, steps: int = 4) -> torch.Tensor:
    """The semi-orthogonal matrices nearest to g [n, rows, columns], roughly, by a quintic
    Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / (g.norm(dim=(1, 2), keepdim=True) + 1e-7)
    flip = x.shape[1] > x.shape[2]
    if flip:
        x = x.mT
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if flip else x


class Muon(torch.optim.Optimizer):
    """Groups with use_muon run Muon (lr scaled so that an update has the RMS of Adam's), others AdamW.
    Matrices of one shape are orthogonalized together: a graphics card would wait for its orders
    otherwise."""

    def __init__(self, groups):
        super().__init__(
            groups, {"lr": 1e-3, "betas": (0.9, 0.98), "weight_decay": 0.0, "use_muon": False}
        )

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            if decay := group["weight_decay"]:
                torch._foreach_mul_(parameters, 1 - group["lr"] * decay)
            (self._muon if group["use_muon"] else self._adam)(parameters, group)

    def _states(self, parameters, *names):
        for p in parameters:
            for name in names:
                self.state[p].setdefault(name, torch.zeros_like(p))
        return ([self.state[p][name] for p in parameters] for name in names)

    def _muon(self, parameters, group):
        gradients = [p.grad for p in parameters]
        (momenta,) = self._states(parameters, "m")
        torch._foreach_mul_(momenta, 0.95)
        torch._foreach_add_(momenta, gradients)
        updates = torch._foreach_add(gradients, momenta, alpha=0.95)
        by_shape: dict[torch.Size, list] = {}
        for p, update in zip(parameters, updates):
            # A matrix of three stacked ones (qkv) is three matrices; a convolution is one.
            update = update.flatten(1)
            count = 3 if p.ndim == 2 and update.shape[0] == 3 * update.shape[1] else 1
            for part, target in zip(update.chunk(count), p.chunk(count)):
                by_shape.setdefault(part.shape, []).append((part, target))
        for shape, pairs in by_shape.items():
            parts, targets = zip(*pairs)
            made = orthogonalize(torch.stack(parts)) * (0.2 * math.sqrt(max(shape)))
            made = [m.view(t.shape) for m, t in zip(made, targets)]
            torch._foreach_add_(list(targets), made, alpha=-group["lr"])

    def _adam(self, parameters, group):
        b1, b2 = group["betas"]
        gradients = [p.grad for p in parameters]
        first, second = self._states(parameters, "m", "v")
        t = group["t"] = group.get("t", 0) + 1
        torch._foreach_lerp_(first, gradients, 1 - b1)
        torch._foreach_mul_(second, b2)
        torch._foreach_addcmul_(second, gradients, gradients, 1 - b2)
        scale = torch._foreach_div(second, 1 - b2**t)
        torch._foreach_sqrt_(scale)
        torch._foreach_add_(scale, 1e-8)
        torch._foreach_addcdiv_(parameters, first, scale, value=-group["lr"] / (1 - b1**t))


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
        named = dict(module.named_parameters())
        torch._foreach_lerp_([self.values[k] for k in named], list(named.values()), 1 - d)

    @torch.no_grad()
    def copy_to(self, module, prefix=""):
        for k, v in module.named_parameters():
            v.copy_(self.values[prefix + k])

    def state_dict(self):
        return {"count": self.count, "values": self.values}

    def load_state_dict(self, state):
        self.count, self.values = state["count"], state["values"]
