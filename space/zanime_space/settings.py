"""What the environment says about this Space.

The engine itself reads ZANIME_MODELS_ROOT, ZANIME_DISABLE_AURA_SAMPLING,
ZANIME_INIT_COMFY_EXTRA_NODES and ZANIME_DISABLE_COMFY_SOURCE_FETCH.
"""

import os
from dataclasses import dataclass

_OFF = {"", "0", "false", "no"}


@dataclass(frozen=True)
class Settings:
    # Quantisation of the official files to fetch at the first start ("fp8", "bf16"); None: fetch
    # nothing.
    bootstrap: str | None = None
    # Of their repositories; None: the pinned one.
    revision: str | None = None
    # Pictures that may wait before the page says that it is full.
    longest_line: int = 64

    @staticmethod
    def from_environment() -> "Settings":
        quant, _, revision = os.environ.get("ZANIME_BOOTSTRAP", "").strip().partition("@")
        quant = quant.lower()
        if quant in _OFF:
            return Settings()
        return Settings(quant if quant in ("fp8", "bf16") else "fp8", revision or None)
