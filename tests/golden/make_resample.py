"""Writes resample.safetensors: pictures and latents resized by PyTorch and Pillow.

    pip install torch pillow numpy safetensors
    python make_resample.py

METHOD/HxW holds `planes` or, for lanczos, `pixels` resized to that size. mask/in and mask/GROW hold
a mask and what a box filter of GROW x GROW makes of it, with the padding of VAEEncodeForInpaint.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

SIZES = [(7, 10), (8, 12), (14, 20), (10, 15), (5, 3), (1, 1), (23, 31), (3, 19)]


def box_filter(mask, grow):
    kernel = torch.ones(1, 1, grow, grow)
    wide = F.conv2d(mask.round()[:, None], kernel, padding=math.ceil((grow - 1) / 2))
    return wide.clamp(0, 1)[:, 0, : mask.shape[1], : mask.shape[2]].contiguous()


def main():
    generator = torch.Generator().manual_seed(20260702)
    planes = torch.randn(2, 3, 7, 10, generator=generator)
    pixels = torch.rand(1, 9, 13, 3, generator=generator) * 1.1 - 0.05
    out = {"planes": planes, "pixels": pixels}
    for height, width in SIZES:
        size = f"{height}x{width}"
        for method in ["nearest-exact", "bilinear", "area", "bicubic"]:
            out[f"{method}/{size}"] = F.interpolate(planes, size=(height, width), mode=method)
        if (height, width) == (3, 19):
            continue  # Pillow 13 filters down first here, earlier ones across first
        bytes_ = np.clip(255.0 * pixels[0].numpy(), 0, 255).astype(np.uint8)
        resized = Image.fromarray(bytes_).resize((width, height), Image.Resampling.LANCZOS)
        out[f"lanczos/{size}"] = torch.from_numpy(np.array(resized, np.float32) / 255)[None]

    mask = (torch.rand(2, 16, 24, generator=generator) > 0.97).float()
    mask[0, 0, 0] = 1
    out["mask/in"] = mask
    for grow in [1, 2, 5, 6]:
        out[f"mask/{grow}"] = box_filter(mask, grow)
    save_file(out, "resample.safetensors")


if __name__ == "__main__":
    main()
