"""Teaches the text encoder what captions say, before any picture: train_text.py --out RUN.

From each of the template's last five tokens, linear heads tell every attribute, "untold" being one of
the answers. The heads are then thrown away; the diffusion model finds the attributes where they were.
Weights are rounded to F8 all the while, so the exported encoder is the one that was trained.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import time

import torch
import torch.nn.functional as F

import optim
from drawing import sample
from drawing.attributes import BANGS, CHOICES, FRAMINGS, held_out
from networks.qwen3 import Qwen3, Qwen3Shape
from quantization import as_exported
from run_log import RunLog, prepare
from text import TEMPLATE_END, random_caption, stack, vocabulary_rows

HEADS = {**CHOICES, "bangs": BANGS, "framing": FRAMINGS}


def targets(attributes, told):
    """One answer a head; the index past the last choice means untold."""
    return [
        values.index(getattr(attributes, name)) if name in told else len(values)
        for name, values in HEADS.items()
    ]


def batch_of(count, rng, want_held_out=False):
    texts, answers = [], []
    while len(texts) < count:
        a = sample(rng)
        if held_out(a) == want_held_out:
            ids, told = random_caption(a, rng)
            texts.append(ids)
            answers.append(targets(a, told))
    return *stack(texts), torch.tensor(answers)


def loss_of(model, heads, batch):
    ids, lengths, answers = batch
    last = lengths[:, None] - TEMPLATE_END + torch.arange(TEMPLATE_END)
    hidden = model(ids).gather(1, last[..., None].expand(-1, -1, model.s.hidden))
    logits = heads(F.rms_norm(hidden, hidden.shape[-1:]))
    loss, right, at = 0.0, [], 0
    for i, values in enumerate(HEADS.values()):
        part = logits[..., at : at + len(values) + 1]
        at += len(values) + 1
        loss = loss + F.cross_entropy(
            part.transpose(1, 2), answers[:, i, None].expand(-1, TEMPLATE_END)
        )
        right.append((part[:, -1].argmax(-1) == answers[:, i]).float().mean())
    return loss, torch.stack(right)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    prepare(args.threads, args.device)
    torch.manual_seed(0)
    log = RunLog(args.out, "text")
    state = log.load()
    shape = Qwen3Shape()
    rows = state["model"]["rows"] if state else vocabulary_rows()
    model = Qwen3(shape, rows)
    heads = torch.nn.Linear(shape.hidden, sum(len(v) + 1 for v in HEADS.values()))
    with torch.no_grad():
        model.embed_tokens.weight.normal_(std=0.5)[0] = 0
        for name, p in model.named_parameters():
            if p.ndim == 2 and "embed" not in name:
                p.normal_(std=p.shape[1] ** -0.5)
    both = torch.nn.ModuleDict({"model": model, "heads": heads})
    optimizer = optim.make(
        both.named_parameters(), args.lr, adam_only=lambda n: "embed" in n or "heads" in n
    )
    step, rng = 0, random.Random(1)
    if state:
        model.load_state_dict(state["model"])
        heads.load_state_dict(state["heads"])
        optimizer.load_state_dict(state["optimizer"])
        step, rng = state["step"], random.Random(state["step"])

    def save():
        log.save(
            model=model.state_dict(),
            heads=heads.state_dict(),
            optimizer=optimizer.state_dict(),
            step=step,
            shape=dataclasses.asdict(shape),
        )

    total, count, started = 0.0, 0, time.perf_counter()
    while step < args.steps:
        optim.set_schedule(optimizer, step / args.steps)
        with as_exported(model):
            loss, _ = loss_of(model, heads, batch_of(args.batch, rng))
            optimizer.zero_grad()
            loss.backward()
        model.embed_tokens.weight.grad[0] = 0
        optimizer.step()
        step, total, count = step + 1, total + loss.item(), count + 1
        if step % 50 == 0:
            log.report(step=step, seconds=time.perf_counter() - started, loss=total / count)
            total, count = 0.0, 0
        if step % 100 == 0:
            save()
    save()
    with torch.no_grad(), as_exported(model):
        _, right = loss_of(model, heads, batch_of(1000, random.Random(7), want_held_out=True))
    log.report(step=step, **{name: right[i].item() for i, name in enumerate(HEADS)})


if __name__ == "__main__":
    main()
