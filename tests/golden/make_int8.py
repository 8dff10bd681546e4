"""Writes int8.safetensors: int8 weights as ComfyUI reads them, by its own package.

    pip install torch numpy safetensors comfy-kitchen==0.2.40
    python make_int8.py

For each group of rotated columns: `rotated_GROUP.weight` (I8) with `.weight_scale` [rows, 1] and
`.comfy_quant`, and `expected_GROUP`, the weights they stand for.
"""

import pathlib

import torch
from comfy_kitchen.tensor.int8_utils import _build_hadamard, _rotate_weight
from safetensors.torch import save_file

torch.manual_seed(7)
tensors = {}
for group in (4, 16, 64, 256):
    weights = torch.randn(4, 512)
    weights[:, 5] *= 20  # an outlier, which is what the rotation is for
    hadamard = _build_hadamard(group)
    rotated = _rotate_weight(weights, hadamard, group)
    scale = rotated.abs().amax(1, keepdim=True) / 127
    stored = (rotated / scale).round().clamp(-127, 127).to(torch.int8)
    description = f'{{"format":"int8_tensorwise","convrot":true,"convrot_groupsize":{group}}}'
    name = f"rotated_{group}"
    tensors[f"{name}.weight"] = stored
    tensors[f"{name}.weight_scale"] = scale
    tensors[f"{name}.comfy_quant"] = torch.tensor(list(description.encode()), dtype=torch.uint8)
    tensors[f"expected_{group}"] = _rotate_weight(stored.float() * scale, hadamard, group)
save_file(tensors, pathlib.Path(__file__).with_name("int8.safetensors"))
