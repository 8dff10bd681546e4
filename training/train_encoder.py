"""Teaches FLUX's encoder at reduced widths what the light one does, so that the file can start a picture
from a picture:

    train_encoder.py --data DIR [DIR ...] --out RUN --steps 1500

RUN holds an autoencoder.pt whose encoder is final. DIR may hold pictures of several sizes. The error is
that of the latent as the sampler sees it, whose mean square is one. Started again it goes on from
RUN/encoder.pt.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

import models
import optim
from networks.autoencoder import Encoder, as_input, latent_of
from run_log import Progress, RunLog, prepare
from train_autoencoder import Pictures, half_mirrored


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seconds", type=float, help="end after so many, if steps are left")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    device = prepare(args.threads, args.device)
    torch.manual_seed(0)
    teacher, _ = models.load_autoencoder(args.out, final=True)
    sets = [Pictures(folder, device) for folder in args.data]
    rng, choice = np.random.default_rng(), random.Random()
    model = Encoder().to(memory_format=torch.channels_last)
    optimizer = optim.make(
        model.named_parameters(), args.lr, adam_only=lambda n: n in ("conv_in.weight", "conv_out.weight")
    )
    average = optim.Average(model)
    log = RunLog(args.out, "encoder")
    step = 0
    if state := log.load():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average.load_state_dict(state["average"])
        step = state["step"]

    def save():
        log.save(
            model=model.state_dict(),
            optimizer=optimizer.state_dict(),
            average=average.state_dict(),
            step=step,
        )

    total, count, progress = torch.zeros(()), 0, Progress(step, args.steps, args.seconds)
    saved = time.perf_counter()
    while (done := progress()) < 1:
        optim.set_schedule(optimizer, done)
        chosen = choice.choice(sets)
        pictures = chosen.whole(rng, max(2, args.batch * 128**2 // chosen.size**2))
        x = half_mirrored(as_input(pictures)).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            with torch.no_grad():
                wanted = teacher(x)
            found = model(x)
        loss = F.mse_loss(latent_of(found.float()), wanted.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(model)
        step = progress.step = step + 1
        total, count = total + loss.detach(), count + 1
        if step % 25 == 0:
            log.report(step=step, seconds=progress.elapsed(), loss=total.item() / count)
            total, count = torch.zeros(()), 0
        if time.perf_counter() - saved > 60:
            saved = time.perf_counter()
            save()
    save()
    encoder = models.load_encoder(args.out)
    with torch.no_grad():
        for chosen in sets:
            x = as_input(chosen.test)
            error = F.mse_loss(latent_of(encoder(x)), teacher(x)).item()
            log.report(step=step, size=chosen.size, error=error)


if __name__ == "__main__":
    main()
