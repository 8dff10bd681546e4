"""Anime pictures from a prompt: the native Z-Anime engine.

    import zanime

    engine = zanime.Engine()
    result = engine.generate(zanime.GenerationParams("1girl, silver hair", seed=7))
    result.pictures[0]          # uint8 array [height, width, 3]
    result.save("picture.png")  # with the graph that makes it again

Nothing here touches an accelerator before ``generate`` or ``run`` is called. Warnings go to the
logger ``zanime``; prompts are never logged.
"""

from zanime import _waiting_threads as _waiting_threads  # before OpenMP is loaded
from zanime._native import (
    BUILTIN_SIDE,
    DEFAULT_STRENGTH,
    SIDE_STEP,
    CancelToken,
    Engine,
    GenerationParams,
    Progress,
    Result,
    __version__,
    builtin_strain,
    fetch,
    inspect,
    limits,
    samplers,
    schedulers,
    size_presets,
)
from zanime.errors import (
    CancelledError,
    FileError,
    GraphError,
    InternalError,
    NumericError,
    ResourceError,
    UsageError,
    ZanimeError,
)

__all__ = [
    "BUILTIN_SIDE",
    "builtin_strain",
    "DEFAULT_STRENGTH",
    "SIDE_STEP",
    "CancelToken",
    "CancelledError",
    "Engine",
    "FileError",
    "GenerationParams",
    "GraphError",
    "InternalError",
    "NumericError",
    "Progress",
    "ResourceError",
    "Result",
    "UsageError",
    "ZanimeError",
    "__version__",
    "fetch",
    "inspect",
    "limits",
    "samplers",
    "schedulers",
    "size_presets",
]
