"""Qwen2's byte-level BPE from the ranks in the dashscope package, and the prompt's template."""

from __future__ import annotations

import base64
import functools
import importlib.util
import pathlib
import unicodedata

import tiktoken

_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
VOCABULARY = 151936
_SPECIAL = (  # 151643 and up
    "<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> "
    "<|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|> "
    "<tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|repo_name|> <|file_sep|> "
    "<tool_response> </tool_response> <think> </think>"
).split()


@functools.cache
def encoding() -> tiktoken.Encoding:
    package = importlib.util.find_spec("dashscope")
    path = pathlib.Path(package.origin).parent / "resources" / "qwen.tiktoken"
    ranks = {}
    for line in path.read_bytes().splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    special = {name: 151643 + i for i, name in enumerate(_SPECIAL)}
    return tiktoken.Encoding(
        "qwen2", pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens=special
    )


def encode_prompt(prompt: str) -> list[int]:
    """Token ids of the prompt within Z-Image's template."""
    prompt = prompt.replace("\\(", "(").replace("\\)", ")")
    text = f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
    return encoding().encode(unicodedata.normalize("NFC", text), allowed_special="all")
