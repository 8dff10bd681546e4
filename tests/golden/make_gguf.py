"""Writes gguf.safetensors, gguf_later.safetensors and sample.gguf with the `gguf` package of PyPI.

    pip install gguf numpy safetensors
    python make_gguf.py

gguf.safetensors has, for every block format, TYPE/blocks (random bytes with finite scales) and
TYPE/values (what gguf.quants makes of them); and sample/NAME, the tensors of sample.gguf as float32.
"""

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

VALUES = 1024
# Byte offsets of the half-precision numbers of a block.
HALVES = {
    Type.Q8_0: [0], Type.Q6_K: [208], Type.Q5_K: [0, 2], Type.Q5_1: [0, 2], Type.Q5_0: [0],
    Type.Q4_K: [0, 2], Type.Q4_1: [0, 2], Type.Q4_0: [0], Type.Q3_K: [108], Type.Q2_K: [80, 82],
}
# Formats that came later: in a file of their own, so that the bytes of the first stay as they are.
LATER = {Type.IQ4_NL: [0], Type.IQ4_XS: [0], Type.MXFP4: [], Type.NVFP4: [], Type.IQ2_XXS: [0],
         Type.IQ2_XS: [0], Type.IQ2_S: [0], Type.IQ3_XXS: [0], Type.IQ3_S: [0], Type.IQ1_S: [0],
         Type.IQ1_M: [], Type.TQ1_0: [52], Type.TQ2_0: [64]}


def random_blocks(random, kind):
    block, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (VALUES // block, size), dtype=np.uint8)
    for at in (HALVES | LATER)[kind]:
        scales = (random.standard_normal(len(blocks)) * 10.0 ** random.integers(-8, 3, len(blocks)))
        blocks[:, at:at + 2] = scales.astype("<f2").view(np.uint8).reshape(-1, 2)
    return blocks


def main():
    random = np.random.default_rng(20260701)
    out = {}
    for kind in HALVES:
        blocks = random_blocks(random, kind)
        out[f"{kind.name}/blocks"] = blocks.reshape(-1)
        out[f"{kind.name}/values"] = gguf.quants.dequantize(blocks, kind).reshape(-1)

    writer = gguf.GGUFWriter("sample.gguf", "qwen3")
    writer.add_name("a sample")
    writer.add_uint32("sample.number", 7)
    writer.add_array("sample.words", ["one", "two"])
    writer.add_array("sample.numbers", [1, 2, 3])
    values = random.standard_normal((6, 512)).astype(np.float32)
    for name, kind in [("token_embd.weight", Type.Q6_K), ("blk.0.attn_q.weight", Type.Q8_0),
                       ("blk.0.attn_k.weight", Type.Q4_0), ("blk.0.attn_v.weight", Type.Q5_0),
                       ("blk.0.ffn_up.weight", Type.BF16), ("blk.0.ffn_down.weight", Type.F16)]:
        if kind == Type.Q6_K:
            blocks = random_blocks(random, kind).reshape(2, -1)
        else:
            blocks = gguf.quants.quantize(values, kind)
        raw = None if kind in (Type.F16,) else kind
        writer.add_tensor(name, blocks, raw_dtype=raw)
        out[f"sample/{name}"] = gguf.quants.dequantize(blocks, kind)
    norm = random.standard_normal(512).astype(np.float32)
    writer.add_tensor("blk.0.attn_norm.weight", norm)
    out["sample/blk.0.attn_norm.weight"] = norm
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(out, "gguf.safetensors")

    random, later = np.random.default_rng(20261127), {}
    for kind in LATER:
        blocks = random_blocks(random, kind)
        if kind == Type.MXFP4:  # the largest scales give values beyond float32
            blocks[:, 0] = np.minimum(blocks[:, 0], 251)
        if kind == Type.IQ1_M:  # its scale's exponent lies in the last byte: no infinity
            blocks[:, 55] &= 0xbf
        later[f"{kind.name}/blocks"] = blocks.reshape(-1)
        later[f"{kind.name}/values"] = gguf.quants.dequantize(blocks, kind).reshape(-1)
    save_file(later, "gguf_later.safetensors")


if __name__ == "__main__":
    main()
