"""The engine of this process. Making it loads nothing; only pictures.make_pictures computes."""

import functools

import zanime


@functools.lru_cache(maxsize=1)
def engine() -> zanime.Engine:
    return zanime.Engine()
