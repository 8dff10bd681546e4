"""Trains the judge: a small network that tells a picture's attributes, from drawn pictures only.

    train_classifier.py --data DIR --out RUN [--test HELD_OUT_DIR]

Pictures are blurred a little, shifted in colour and given noise at random, for generated pictures are
never quite as clean as drawn ones. With --test it reports its own accuracy on drawn pictures.
"""

from __future__ import annotations

import argparse
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import optim
from dataset import load
from drawing.attributes import CHOICES
from networks.autoencoder import as_input
from run_log import Progress, RunLog, prepare


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        layer = lambda i, o, stride=1: nn.Sequential(
            nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()
        )
        self.body = nn.Sequential(
            nn.PixelUnshuffle(4),
            layer(48, 64),
            layer(64, 96, 2),
            layer(96, 96),
            layer(96, 160, 2),
            layer(160, 160),
        )
        self.fold = nn.Linear(160 * 64, 192)
        self.heads = nn.Linear(192, sum(len(v) for v in CHOICES.values()))

    def forward(self, x):
        h = F.relu(self.fold(F.dropout(self.body(x).flatten(1), 0.1, self.training)))
        return self.heads(h).split([len(v) for v in CHOICES.values()], dim=1)


def on_device(pictures: np.ndarray) -> torch.Tensor:
    """uint8 [n, height, width, 3] -> uint8 [n, 3, height, width] where the network is."""
    pictures = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2)
    return pictures.to(torch.get_default_device())


def disturbed(x):
    n = len(x)
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    x = torch.lerp(x, soft, torch.rand(n, 1, 1, 1))
    x = x * (1 + 0.1 * torch.randn(n, 1, 1, 1)) + 0.06 * torch.randn(n, 3, 1, 1)
    x = x + 0.08 * torch.rand(n, 1, 1, 1) * torch.randn_like(x)
    dy, dx = torch.randint(-3, 4, (2,)).tolist()
    x = torch.roll(x, (dy, dx), (2, 3))
    return x.flip(3) if torch.rand(()) < 0.5 else x


@torch.no_grad()
def predict(model, pictures) -> np.ndarray:
    """[n, attributes] indices into CHOICES."""
    out = []
    for i in range(0, len(pictures), 100):
        logits = model(as_input(on_device(pictures[i : i + 100])))
        out.append(torch.stack([part.argmax(1) for part in logits], 1))
    return torch.cat(out).cpu().numpy()


def load_classifier(run):
    model = Classifier()
    model.load_state_dict(
        torch.load(
            pathlib.Path(run) / "classifier.pt",
            weights_only=True,
            map_location=torch.get_default_device(),
        )["model"]
    )
    return model.eval()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--test")
    parser.add_argument("--samples", type=int, default=60000)
    parser.add_argument("--seconds", type=float, help="end after so many, if samples are left")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    prepare(args.threads, args.device)
    torch.manual_seed(0)
    drawn, attributes = load(args.data)
    pictures = on_device(drawn)
    labels = torch.tensor([a.labels() for a in attributes])
    model = Classifier()
    optimizer = optim.make(
        model.named_parameters(), 2e-3, adam_only=lambda n: "fold" in n or "heads" in n
    )
    log, seen = RunLog(args.out, "classifier"), 0
    if state := log.load():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        seen = state["seen"]
    total, count, progress = torch.zeros(()), 0, Progress(seen, args.samples, args.seconds)
    saved = time.perf_counter()

    def save():
        log.save(model=model.state_dict(), optimizer=optimizer.state_dict(), seen=seen)

    while (done := progress()) < 1:
        optim.set_schedule(optimizer, done)
        chosen = torch.randint(len(pictures), (args.batch,))
        logits = model(disturbed(as_input(pictures[chosen])))
        loss = sum(F.cross_entropy(part, labels[chosen, i]) for i, part in enumerate(logits))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen = progress.step = seen + args.batch
        total, count = total + loss.detach(), count + 1
        if count == 25:
            log.report(seen=seen, loss=total.item() / count, seconds=progress.elapsed())
            total, count = torch.zeros(()), 0
        if time.perf_counter() - saved > 20:
            saved = time.perf_counter()
            save()
    save()
    if args.test:
        pictures, attributes = load(args.test)
        right = predict(model.eval(), list(pictures)) == np.array([a.labels() for a in attributes])
        log.report(seen=seen, **{name: float(right[:, i].mean()) for i, name in enumerate(CHOICES)})


if __name__ == "__main__":
    main()
