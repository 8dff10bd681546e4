"""Trains the autoencoder on drawn pictures: crops around the face, whole pictures in the last part.

    train_autoencoder.py --data DIR [DIR ...] --out RUN --steps 3000

DIR after the first hold larger pictures; every third batch of whole ones is of them. Started again it
goes on from RUN/autoencoder.pt. Noise is added to a latent of fixed power, so the encoder spends power
where it pays: the diffusion model gets a smooth latent, and the decoder tolerates that model's small
errors. After --freeze of the steps the encoder is what it is: latents may be cached then and the
diffusion model may start, while the decoder goes on learning.
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
from networks.autoencoder import Decoder, LightEncoder, as_input, raw_of
from run_log import Progress, RunLog, prepare

# Rows and columns of the eyes and the mouth in a picture of 128, give or take what heads move.
FACE = ((48, 92), (38, 90))
# Told by the fewest pixels.
SMALL_EXPRESSIONS = {"sad": 8.0, "wink": 2.0}


class Pictures:
    """A drawn set where the networks are, without its first 32: those measure."""

    def __init__(self, folder, device):
        pictures, attributes = load(folder)
        self.size = pictures.shape[1]
        self.all = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).to(device)
        self.test, self.all = self.all[:32], self.all[32:]
        chances = [SMALL_EXPRESSIONS.get(a.expression, 1.0) for a in attributes[32:]]
        self.chances = np.array(chances) / sum(chances)
        scale = self.size / 128
        self.face = (..., *(slice(int(a * scale), int(b * scale)) for a, b in FACE))

    def crops(self, rng, count, size):
        """Three in four are centred near the face."""
        out = []
        for i in rng.integers(len(self.all), size=count):
            limit = self.size - size
            if rng.random() < 0.75:
                y, x = np.clip(rng.normal(limit / 2, 18 * self.size / 128, 2), 0, limit)
            else:
                y, x = rng.uniform(0, limit + 1e-9, 2)
            out.append(self.all[i, :, int(y) : int(y) + size, int(x) : int(x) + size])
        return torch.stack(out)

    def whole(self, rng, count):
        return self.all[rng.choice(len(self.all), count, p=self.chances)]


def half_mirrored(x):
    half = len(x) // 2
    return torch.cat([x[:half], x[half:].flip(3)])


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
    parser.add_argument("--data", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seconds", type=float, help="end after so many, if steps are left")
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
        "--crops", type=float, default=0.7, help="part of the steps that sees crops of 64 x 64"
    )
    parser.add_argument(
        "--freeze", type=float, default=0.4, help="part of the steps after which the encoder stays"
    )
    parser.add_argument("--face", type=float, default=5, help="weight of faces on whole pictures")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    device = prepare(args.threads, args.device)

    sets = [Pictures(folder, device) for folder in args.data]
    test = as_input(sets[0].test)
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

    total, count, progress = torch.zeros(()), 0, Progress(step, args.steps, args.seconds)
    saved = time.perf_counter()
    while (done := progress()) < 1:
        optim.set_schedule(optimizer, done)
        if not frozen and done > args.freeze:
            frozen = True
            average.copy_to(model["encoder"], "encoder.")
            log.report(step=step, encoder="frozen")
            save()
        model["encoder"].fixed = frozen
        model["encoder"].requires_grad_(not frozen)
        whole = done > args.crops
        if whole:  # as many pixels as a batch of crops has
            chosen = sets[step // 3 % (len(sets) - 1) + 1] if len(sets) > 1 and step % 3 == 2 else sets[0]
            x = chosen.whole(rng, max(2, args.batch * 64 * 64 // chosen.size**2))
        else:
            x = sets[0].crops(rng, args.batch, 64)
        x = half_mirrored(as_input(x)).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            z = model["encoder"](x)
            noise = args.noise * torch.rand(len(z), 1, 1, 1).mul(2) * torch.randn_like(z)
            y = model["decoder"](raw_of(z + noise))
        y = y.float()
        loss = picture_loss(y, x)
        if whole:
            loss = loss + args.face * picture_loss(y[chosen.face], x[chosen.face])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(model)
        step = progress.step = step + 1
        total, count = total + loss.detach(), count + 1
        if step % 25 == 0:
            log.report(step=step, seconds=progress.elapsed(), loss=total.item() / count)
            total, count = torch.zeros(()), 0
        if step % 100 == 0 and time.perf_counter() - saved > 15:
            saved = time.perf_counter()
            quality, deviation = psnr()
            log.report(step=step, psnr=quality, channels=[round(d, 2) for d in deviation])
            save()
    save()
    log.report(step=step, psnr=psnr()[0])


if __name__ == "__main__":
    main()
