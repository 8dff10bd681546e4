"""Captions as batches of token ids, and the small table of the vocabulary's rows that captions use."""

from __future__ import annotations

import random

import torch

from captions import caption
from drawing import Attributes, sample
from tokenizer import VOCABULARY, encode_prompt

TEMPLATE_END = 5  # <|im_end|> \n <|im_start|> assistant \n: every prompt ends with these
_PAD = 151643


def vocabulary_rows(count: int = 30000, seed: int = 0) -> torch.Tensor:
    """[vocabulary] -> row of the small table; row 0, for what no caption has, stays zero."""
    rng = random.Random(seed)
    used = sorted({i for _ in range(count) for i in encode_prompt(caption(sample(rng), rng)[0])})
    rows = torch.zeros(VOCABULARY, dtype=torch.long)
    rows[used] = torch.arange(1, len(used) + 1)
    return rows


def ids_of(text: str, rng: random.Random | None = None) -> list[int]:
    """Token ids; with rng, one prompt in eight gets a word that the small table lacks."""
    ids = encode_prompt(text)
    if rng is not None and rng.random() < 0.125:
        ids.insert(rng.randrange(3, len(ids) - TEMPLATE_END + 1), 150000)
    return ids


def stack(batch: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """[n, longest] ids padded at the end, and the lengths."""
    lengths = [len(ids) for ids in batch]
    padded = [ids + [_PAD] * (max(lengths) - len(ids)) for ids in batch]
    return torch.tensor(padded), torch.tensor(lengths)


def random_caption(attributes: Attributes, rng: random.Random) -> tuple[list[int], set[str]]:
    text, told = caption(attributes, rng)
    return ids_of(text, rng), told
