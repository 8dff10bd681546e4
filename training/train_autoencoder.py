"""Trains the autoencoder on drawn pictures: crops around the face, whole pictures in the last part.

    train_autoencoder.py --data DIR --out RUN --steps 3000

Started again it goes on from RUN/autoencoder.pt. Noise is added to a latent of fixed power, so the
encoder spends power where it pays: the diffusion model gets a smooth latent, and the decoder tolerates
that model's small errors. After --freeze of the steps the encoder is what it is: latents may be
cached then and the diffusion model may start, while the decoder goes on learning.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
import torch
import torch.nn.functional as F

import optim
from dataset import load
from networks.autoencoder import Decoder, LightEncoder, raw_of
from run_log import RunLog, prepare


def batch_of(pictures, rng, count, size):
    """Random crops, half of them mirrored; three in four are centred near the face."""
    out = np.empty((count, size, size, 3), np.uint8)
    for i in range(count):
        picture = pictures[rng.integers(len(pictures))]
        limit = 128 - size
        if rng.random() < 0.75:
            y, x = np.clip(rng.normal(64 - size / 2, 18, 2), 0, limit)
        else:
            y, x = rng.uniform(0, limit + 1e-9, 2)
        crop = picture[int(y) : int(y) + size, int(x) : int(x) + size]
        out[i] = crop[:, ::-1] if rng.random() < 0.5 else crop
    return torch.from_numpy(out).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


# Rows and columns of the eyes and the mouth, give or take what heads move.
FACE = (slice(48, 92), slice(38, 90))
# Told by the fewest pixels.
SMALL_EXPRESSIONS = {"sad": 8.0, "wink": 2.0}


def whole_batch(pictures, chances, rng, count):
    """Whole pictures, half of them mirrored."""
    chosen = rng.choice(len(pictures), count, p=chances)
    out = np.stack([pictures[i][:, ::-1] if rng.random() < 0.5 else pictures[i] for i in chosen])
    return torch.from_numpy(out).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def edges(x):
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def picture_loss(y, x):
    """L1 of colours and of neighbour differences, at two scales: flat colours flat, lines sharp."""
    loss = F.l1_loss(y, x)
    for a, b in zip(edges(y), edges(x)):
        loss = loss + F.l1_loss(a, b)
    y, x = F.avg_pool2d(y, 2), F.avg_pool2d(x, 2)
    for a, b in zip(edges(y), edges(x)):
        loss = loss + 0.5 * F.l1_loss(a, b)
    return loss


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--noise", type=float, default=0.25)
    parser.add_argument(
        "--widths",
        type=int,
        nargs=4,
        default=(64, 64, 64, 128),
        help="of the decoder's levels, finest first",
    )
    parser.add_argument(
        "--blocks", type=int, nargs=4, default=(0, 1, 2, 2), help="residual blocks of each level"
    )
    parser.add_argument(
        "--freeze", type=float, default=0.4, help="part of the steps after which the encoder stays"
    )
    parser.add_argument("--face", type=float, default=5, help="weight of faces on whole pictures")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    device = prepare(args.threads, args.device)

    pictures, attributes = load(args.data)
    test, pictures, attributes = np.array(pictures[:32]), pictures[32:], attributes[32:]
    chances = np.array([SMALL_EXPRESSIONS.get(a.expression, 1.0) for a in attributes])
    chances /= chances.sum()
    test = torch.from_numpy(test).permute(0, 3, 1, 2).float().div_(127.5).sub_(1).to(device)
    torch.manual_seed(0)
    rng = np.random.default_rng()
    model = torch.nn.ModuleDict(
        {"encoder": LightEncoder(), "decoder": Decoder(args.widths, args.blocks)}
    )
    model = model.to(memory_format=torch.channels_last)
    last = lambda name: name in ("decoder.conv_out.weight", "encoder.linear.weight")
    optimizer = optim.make(model.named_parameters(), args.lr, adam_only=last)
    average = optim.Average(model)
    log = RunLog(args.out, "autoencoder")
    step, frozen = 0, False
    if state := log.load():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average.load_state_dict(state["average"])
        step, frozen = state["step"], state["frozen"]

    def save():
        log.save(
            model=model.state_dict(),
            optimizer=optimizer.state_dict(),
            average=average.state_dict(),
            step=step,
            frozen=frozen,
            widths=list(args.widths),
            blocks=list(args.blocks),
            noise=args.noise,
        )

    @torch.no_grad()
    def psnr():
        kept = {k: v.clone() for k, v in model.named_parameters()}
        average.copy_to(model)
        model.eval()
        z = model["encoder"](test)
        y = model["decoder"](raw_of(z)).clamp(-1, 1)
        model.train()
        for k, v in model.named_parameters():
            v.copy_(kept[k])
        return 10 * math.log10(4 / F.mse_loss(y, test).item()), z.std((0, 2, 3)).tolist()

    total, count, started = 0.0, 0, time.perf_counter()
    while step < args.steps:
        optim.set_schedule(optimizer, step / args.steps)
        whole = step > 0.7 * args.steps
        if not frozen and step > args.freeze * args.steps:
            frozen = True
            average.copy_to(model["encoder"], "encoder.")
            log.report(step=step, encoder="frozen")
            save()
        model["encoder"].fixed = frozen
        model["encoder"].requires_grad_(not frozen)
        if whole:
            x = whole_batch(pictures, chances, rng, args.batch // 4)
        else:
            x = batch_of(pictures, rng, args.batch, 64)
        x = x.to(device, memory_format=torch.channels_last)
        z = model["encoder"](x)
        noise = args.noise * torch.rand(len(z), 1, 1, 1).mul(2) * torch.randn_like(z)
        y = model["decoder"](raw_of(z + noise))
        loss = picture_loss(y, x)
        if whole:
            face = (..., *FACE)
            loss = loss + args.face * picture_loss(y[face], x[face])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(model)
        step += 1
        total, count = total + loss.item(), count + 1
        if step % 25 == 0:
            log.report(step=step, seconds=time.perf_counter() - started, loss=total / count)
            total, count = 0.0, 0
        if step % 100 == 0:
            quality, deviation = psnr()
            log.report(step=step, psnr=quality, channels=[round(d, 2) for d in deviation])
            save()
    save()
    log.report(step=step, psnr=psnr()[0])


if __name__ == "__main__":
    main()
