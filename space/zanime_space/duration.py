"""How long a request will take: what ZeroGPU is asked for, and what the page tells those who wait.

The platform refuses a call whose declared duration exceeds what the visitor has left, and lets
shorter ones go first, so the estimate is to be as small as is realistic.
"""

import math
from dataclasses import dataclass, replace

import zanime

# Of the full model's sides where a request leaves them out.
_FULL_SIDES = (832, 1216)
# A declared duration that is too short gets the task aborted; the estimate is exceeded by chance.
_MARGIN = 1.25
_LEAST_SECONDS = 2
# Of a time that is a day or more the package `spaces` takes what is beyond whole days.
_MOST_SECONDS = 24 * 3600 - 1


@dataclass(frozen=True)
class Pace:
    """What this machine has shown, or a guess before it has."""

    load: float  # seconds to open the files and encode a prompt
    step: float  # seconds a step takes per megapixel, and again with guidance
    decode: float  # seconds the autoencoder takes per megapixel

    @staticmethod
    def guess(builtin: bool) -> "Pace":
        # The small model: measured on two CPUs. The full one: 55 TFLOP a step and megapixel, on
        # the CPUs of a Space.
        return Pace(0.5, 4.0, 4.0) if builtin else Pace(20.0, 40.0, 15.0)

    def learn(self, result: zanime.Result) -> "Pace":
        """The pace after a run, of which single slow moments count less."""
        params = result.params
        if params is None:
            return self
        by_class: dict[str, float] = {}
        for node in result.timings:
            if not node["cached"]:
                by_class[node["class"]] = by_class.get(node["class"], 0.0) + node["seconds"]
        area = _megapixels(params)
        found = self
        sampling, decoding = by_class.get("KSampler", 0.0), by_class.get("VAEDecode", 0.0)
        if sampling:
            found = replace(found, step=_blend(found.step, sampling / (area * _passes(params))))
        if decoding:
            found = replace(found, decode=_blend(found.decode, decoding / area))
        if "UNETLoader" in by_class:
            other = sum(by_class.values()) - sampling - decoding
            found = replace(found, load=_blend(found.load, other))
        return found


def _blend(old: float, new: float) -> float:
    return 0.5 * old + 0.5 * new


def _megapixels(params: zanime.GenerationParams) -> float:
    """Of all pictures of the batch."""
    default = (zanime.BUILTIN_SIDE,) * 2 if params.uses_builtin_model else _FULL_SIDES
    width, height = params.width or default[0], params.height or default[1]
    return width * height * params.batch / 1e6


def _passes(params: zanime.GenerationParams) -> float:
    """Runs of the network over the picture."""
    share = params.strength if params.init_image and params.strength is not None else 1.0
    return max(1.0, params.steps * share) * (2 if params.cfg > 1 else 1)


def estimate(params: zanime.GenerationParams, pace: Pace, loaded: bool) -> float:
    """Seconds, without a margin."""
    area = _megapixels(params)
    work = area * (_passes(params) * pace.step + pace.decode)
    return work + (0.0 if loaded else pace.load)


def declared_seconds(params: zanime.GenerationParams, pace: Pace, loaded: bool) -> int:
    """Whole seconds, as ZeroGPU wants them."""
    seconds = math.ceil(_MARGIN * estimate(params, pace, loaded))
    return min(max(_LEAST_SECONDS, seconds), _MOST_SECONDS)
