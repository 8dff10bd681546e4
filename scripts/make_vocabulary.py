#!/usr/bin/env python3
"""Makes assets/qwen2_vocabulary.bin from Qwen's published ranks.

    pip download --no-deps dashscope
    unzip dashscope-*.whl dashscope/resources/qwen.tiktoken
    scripts/make_vocabulary.py dashscope/resources/qwen.tiktoken assets/qwen2_vocabulary.bin

The input has a line `base64(token bytes) rank` for each token, ranks ascending from 0. The output
is one length byte per token in rank order, then the bytes of all tokens in rank order.
"""

import base64
import sys


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    tokens = []
    with open(sys.argv[1], "rb") as ranks:
        for number, line in enumerate(ranks):
            token, rank = line.split()
            if int(rank) != number:
                sys.exit(f"{sys.argv[1]}: line {number + 1} has rank {int(rank)}")
            tokens.append(base64.b64decode(token))
    if len(tokens) != 151643:
        sys.exit(f"{sys.argv[1]}: {len(tokens)} tokens, expected 151643")
    if {token[0] for token in tokens[:256]} != set(range(256)):
        sys.exit(f"{sys.argv[1]}: the first 256 tokens are not the 256 bytes")
    if not all(0 < len(token) < 256 for token in tokens):
        sys.exit(f"{sys.argv[1]}: a token is empty or longer than 255 bytes")
    with open(sys.argv[2], "wb") as output:
        output.write(bytes(len(token) for token in tokens))
        output.write(b"".join(tokens))


main()
