"""Trains the diffusion model on latents of drawn pictures and their captions.

    train_flow.py --data DIR --out RUN --steps 4000

RUN holds autoencoder.pt and text.pt; latents are cached there too. The flow is x = sigma noise +
(1 - sigma) latent, the target noise - latent, sigma distributed as the 8 steps of the sampler are
(shift 3). A picture has many captions. The last part trains with the weights
rounded to F8, as the file holds them. Resumes from RUN/flow.pt.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

import models
import optim
from dataset import load
from draw import sheet
from networks.next_dit import DitShape, NextDit
from quantization import as_exported
from run_log import RunLog, prepare
from text import random_caption, stack

SAMPLE_PROMPTS = (
    "1girl, blue hair, twin tails, red eyes, smile",
    "1girl, pink hair, long hair, green eyes, open mouth, cat ears, white sailor uniform, night sky",
    "A girl with short black hair and golden eyes wearing a red sweater and glasses, smiling, blue background",
    "1girl, blonde hair, ponytail, blue eyes, wink, green shirt, pink background",
    "1girl, white hair, bob cut, purple eyes, sad, hairband, black sweater, cherry blossoms",
    "女孩，红色头发，丸子头，绿色眼睛，微笑，黄色毛衣，夕阳",
    "1girl, purple hair, long hair, brown eyes, neutral expression, ribbon, blue shirt, yellow background",
    "女の子、緑の髪、ツインテール、赤い目、笑顔、白いシャツ、紫の背景",
)


@torch.no_grad()
def cached_latents(run, data, pictures):
    """float16 [2, count, 16, 16, 16]: as drawn, and mirrored."""
    path = pathlib.Path(run) / "latents.npy"
    if not path.exists():
        if not models.encoder_is_final(run):
            raise SystemExit(
                f"the encoder of {run} still learns: go on with train_autoencoder.py first"
            )
        encoder, _ = models.load_autoencoder(run)
        out = np.empty((2, len(pictures), 16, 16, 16), np.float16)
        for i in range(0, len(pictures), 64):
            x = (
                torch.from_numpy(np.array(pictures[i : i + 64]))
                .permute(0, 3, 1, 2)
                .float()
                .div_(127.5)
                .sub_(1)
            )
            x = x.to(torch.get_default_device())
            for mirrored in range(2):
                out[mirrored, i : i + 64] = encoder(x.flip(3) if mirrored else x).cpu().numpy()
        np.save(path, out)
    return np.load(path)


def face_weights(weight):
    """[16, 16] of the loss: the face is a seventh of the picture and carries its eyes and expression;
    the mouth, which tells most of the expression, is a few places of it."""
    out = torch.ones(16, 16)
    out[5:11, 5:11] = weight
    out[8:11, 6:10] = 2.5 * weight
    return out / out.mean()


# Drawn again in every round: what is told by few pixels is learned last.
REPEATED = {"sad": 2, "wink": 1}


def one_round(attributes, rng):
    """Indices of all pictures in random order, some more than once."""
    order = [
        i for i, a in enumerate(attributes) for _ in range(1 + REPEATED.get(a.expression, 0))
    ]
    rng.shuffle(order)
    return order


class Batches:
    """Batches whose captions pad to the same multiple of 32. A picture gets at most `captions` of them
    in its life, made when first needed: writing them is slower than a graphics card trains."""

    def __init__(self, latents, attributes, size, captions, rng, device):
        self.latents, self.attributes, self.size, self.rng, self.device = (
            latents,
            attributes,
            size,
            rng,
            device,
        )
        self.captions, self.written, self.waiting, self.order = captions, {}, {}, []

    def caption(self, i):
        key = (i, self.rng.randrange(self.captions))
        if key not in self.written:
            self.written[key] = random_caption(self.attributes[i], self.rng)[0]
        return self.written[key]

    def next(self):
        while True:
            if not self.order:
                self.order = one_round(self.attributes, self.rng)
            i = self.order.pop()
            ids = self.caption(i)
            group = self.waiting.setdefault(-(-len(ids) // 32), [])
            group.append((ids, self.latents[self.rng.randrange(2), i]))
            if len(group) == self.size:
                texts, latents = zip(*group)
                group.clear()
                return stack(list(texts)), torch.from_numpy(np.stack(latents)).float().to(
                    self.device
                )


def spread_sigmas(count):
    """One sigma from each of `count` equal slices of the schedule, in random order."""
    t = (torch.randperm(count) + torch.rand(count)) / count
    return models.SHIFT * t / (1 + (models.SHIFT - 1) * t)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--ffn", type=int, default=512)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--head-dim", type=int, default=32)
    parser.add_argument("--face", type=float, default=3, help="weight of the face in the loss")
    parser.add_argument("--captions", type=int, default=16, help="a picture's, at most")
    parser.add_argument("--decay", type=float, default=0.995, help="of the average of the weights")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    device = prepare(args.threads, args.device)
    torch.manual_seed(0)

    pictures, attributes = load(args.data)
    latents = cached_latents(args.out, args.data, pictures)
    text = models.load_text(args.out)
    log = RunLog(args.out, "flow")
    state = log.load()
    shape = (
        DitShape(**state["shape"])
        if state
        else DitShape(
            dim=args.dim,
            layers=args.layers,
            ffn=args.ffn,
            head_dim=args.head_dim,
            caption=text.s.hidden,
        )
    )
    model = NextDit(shape)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M weights", flush=True)
    adam = lambda n: any(
        k in n for k in ("adaLN", "pad_token", "final_layer.linear", "t_embedder", "x_embedder")
    )
    optimizer = optim.make(model.named_parameters(), args.lr, adam_only=adam, weight_decay=0.02)
    average = optim.Average(model, args.decay)
    step, seen = 0, 0
    if state:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average.load_state_dict(state["average"])
        step, seen = state["step"], state["seen"]
        torch.manual_seed(step)
    weights = face_weights(args.face).to(device)
    batches = Batches(latents, attributes, args.batch, args.captions, random.Random(step), device)

    def save():
        log.save(
            model=model.state_dict(),
            optimizer=optimizer.state_dict(),
            average=average.state_dict(),
            step=step,
            seen=seen,
            shape=dataclasses.asdict(shape),
        )
        try:
            _, decoder = models.load_autoencoder(args.out)
            made = models.generate(
                text, models.load_flow(args.out), decoder, SAMPLE_PROMPTS, [1] * len(SAMPLE_PROMPTS)
            )
            Image.fromarray(np.array(sheet(made, 8))).save(pathlib.Path(args.out) / "samples.png")
        except OSError as error:  # the other trainer may be writing its checkpoint
            print(error, flush=True)

    total, count, started = torch.zeros(4), torch.zeros(4), time.perf_counter()
    saved = started
    while step < args.steps:
        optim.set_schedule(optimizer, step / args.steps)
        (ids, lengths), latent = batches.next()
        with torch.no_grad():
            conditioning = text(ids)
        sigma = spread_sigmas(len(latent))
        noise = torch.randn_like(latent)
        s = sigma[:, None, None, None]
        with as_exported(model, active=step > 0.5 * args.steps):
            velocity = model(
                s * noise + (1 - s) * latent, sigma, model.caption(conditioning, lengths)
            )
            squares = F.mse_loss(velocity, noise - latent, reduction="none")
            losses = (squares * weights).mean((1, 2, 3))
            optimizer.zero_grad()
            losses.mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update(model)
        step, seen = step + 1, seen + len(latent)
        quarter = (sigma * 4).long().clamp(max=3)
        total.index_add_(0, quarter, losses.detach())
        count.index_add_(0, quarter, torch.ones_like(losses))
        if step % 25 == 0:
            by = (total / count.clamp(min=1)).tolist()
            log.report(
                step=step,
                seen=seen,
                seconds=time.perf_counter() - started,
                loss=(total.sum() / count.sum()).item(),
                quarters=[round(v, 4) for v in by],
            )
            total.zero_(), count.zero_()
        if time.perf_counter() - saved > 240:
            saved = time.perf_counter()
            save()
    save()


if __name__ == "__main__":
    main()
