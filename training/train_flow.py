"""Trains the diffusion model on latents of drawn pictures and their captions.

    train_flow.py --data DIR [--larger DIR ...] --out RUN --steps 4000

RUN holds autoencoder.pt and text.pt; latents are cached there too. The flow is x = sigma noise +
(1 - sigma) latent, the target noise - latent, sigma distributed as the 8 steps of the sampler are
(shift 3). A picture has several captions. The second half trains with the weights rounded to F8, as
the file holds them, and in every third batch with larger pictures, if there are any. Resumes from
RUN/flow.pt.
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
from dataset import load, load_captions
from draw import sheet
from networks.autoencoder import as_input
from networks.next_dit import DitShape, NextDit, padded
from quantization import as_exported
from run_log import Progress, RunLog, prepare

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
def cached_latents(run, data):
    """float16 [2, count, 16, h, w]: as drawn, and mirrored."""
    path = pathlib.Path(run) / f"latents-{pathlib.Path(data).resolve().name}.npy"
    if not path.exists():
        encoder, _ = models.load_autoencoder(run, final=True)
        pictures, _ = load(data)
        edge = pictures.shape[1] // 8
        out = np.empty((2, len(pictures), 16, edge, edge), np.float16)
        for i in range(0, len(pictures), 64):
            x = torch.from_numpy(np.array(pictures[i : i + 64])).to(torch.get_default_device())
            x = as_input(x.permute(0, 3, 1, 2))
            for mirrored in range(2):
                out[mirrored, i : i + 64] = encoder(x.flip(3) if mirrored else x).cpu().numpy()
        np.save(path, out)
    return np.load(path)


def face_weights(weight, edge):
    """[edge, edge] of the loss: the face is a seventh of the picture and carries its eyes and
    expression; the mouth, which tells most of the expression, is a few places of it."""
    out = torch.ones(16, 16)
    out[5:11, 5:11] = weight
    out[8:11, 6:10] = 2.5 * weight
    out = F.interpolate(out[None, None], (edge, edge), mode="bilinear")[0, 0]
    return out / out.mean()


# Drawn again in every round: what is told by few pixels is learned last.
REPEATED = {"sad": 2, "wink": 1}


class Rounds:
    """Rows of a table in random order, again and again."""

    def __init__(self, rows):
        self.rows, self.at = rows, len(rows)

    def next(self, count):
        if self.at + count > len(self.rows):
            self.rows, self.at = self.rows[torch.randperm(len(self.rows))], 0
        self.at += count
        return self.rows[self.at - count : self.at]


class DrawnSet:
    """Latents of one size and their captions, where the networks are. Every caption of every picture
    comes once a round; those of a batch pad to the same multiple of 32."""

    def __init__(self, run, folder, face):
        to_device = lambda x: torch.from_numpy(x).to(torch.get_default_device())
        _, attributes = load(folder)
        self.latents = to_device(cached_latents(run, folder))
        ids, lengths = load_captions(folder)
        self.ids, self.lengths = to_device(ids), to_device(lengths)
        self.weights = face_weights(face, self.latents.shape[-1])
        times = torch.tensor([1 + REPEATED.get(a.expression, 0) for a in attributes])
        pairs = torch.cartesian_prod(torch.arange(len(attributes)), torch.arange(ids.shape[1]))
        pairs = pairs.repeat_interleave(times.repeat_interleave(ids.shape[1]), 0)
        tokens = padded(self.lengths[pairs[:, 0], pairs[:, 1]])
        self.groups = [(int(n), Rounds(pairs[tokens == n])) for n in tokens.unique()]
        self.chances = [len(rounds.rows) for _, rounds in self.groups]

    def next(self, count, rng):
        """ids [n, tokens], lengths [n], latents [n, 16, h, w]"""
        ((tokens, rounds),) = rng.choices(self.groups, self.chances)
        i, k = rounds.next(min(count, len(rounds.rows))).unbind(1)
        lengths = self.lengths[i, k]
        ids = F.pad(self.ids[i, k], (0, max(0, tokens - self.ids.shape[-1])))[:, :tokens]
        return ids, lengths, self.latents[torch.randint(2, (len(i),)), i].float()


def spread_sigmas(count):
    """One sigma from each of `count` equal slices of the schedule, in random order."""
    t = (torch.randperm(count) + torch.rand(count)) / count
    return models.SHIFT * t / (1 + (models.SHIFT - 1) * t)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--larger", nargs="*", default=[], help="sets of larger pictures")
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seconds", type=float, help="end after so many, if steps are left")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--ffn", type=int, default=512)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--head-dim", type=int, default=32)
    parser.add_argument("--face", type=float, default=3, help="weight of the face in the loss")
    parser.add_argument("--decay", type=float, default=0.995, help="of the average of the weights")
    parser.add_argument("--report", type=int, default=25, help="steps between lines of the log")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    device = prepare(args.threads, args.device)
    torch.manual_seed(0)

    drawn, *larger = (DrawnSet(args.out, folder, args.face) for folder in (args.data, *args.larger))
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
    rng = random.Random(step)

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

    total, count, progress = torch.zeros(4), torch.zeros(4), Progress(step, args.steps, args.seconds)
    saved = time.perf_counter()
    while (done := progress()) < 1:
        optim.set_schedule(optimizer, done)
        chosen = rng.choice(larger) if larger and done > 0.5 and step % 3 == 2 else drawn
        patches = chosen.latents.shape[-1] ** 2 // 256
        ids, lengths, latent = chosen.next(max(2, args.batch // patches), rng)
        with torch.no_grad():
            conditioning = text(ids)
        sigma = spread_sigmas(len(latent))
        noise = torch.randn_like(latent)
        s = sigma[:, None, None, None]
        with as_exported(model, active=done > 0.5):
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                velocity = model(
                    s * noise + (1 - s) * latent, sigma, model.caption(conditioning, lengths)
                )
            squares = F.mse_loss(velocity.float(), noise - latent, reduction="none")
            losses = (squares * chosen.weights).mean((1, 2, 3))
            optimizer.zero_grad()
            losses.mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update(model)
        step = progress.step = step + 1
        seen += len(latent)
        quarter = (sigma * 4).long().clamp(max=3)
        total.index_add_(0, quarter, losses.detach())
        count.index_add_(0, quarter, torch.ones_like(losses))
        if step % args.report == 0:
            by = (total / count.clamp(min=1)).tolist()
            log.report(
                step=step,
                seen=seen,
                seconds=progress.elapsed(),
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
