"""The engine of this process. Making it loads nothing; only pictures.make_pictures computes."""

import functools
import os

import zanime

# Of the environment: what a worker's engine computes on.
DEVICE = "ZANIME_DEVICE"


@functools.lru_cache(maxsize=1)
def engine() -> zanime.Engine:
    return zanime.Engine(device=os.environ.get(DEVICE, "auto"))
