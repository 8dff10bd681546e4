"""stable-diffusion.cpp, by its program `sd-cli`."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .child import Child, Line
from .request import CFG, SAMPLER, SCHEDULER, SHIFT, Measurement, PeerError, Request

_TAKING = re.compile(
    r"(get_learned_condition|loading tensors|sampling|decode_first_stage)"
    r" completed, taking ([\d.]+)s"
)
# Its bars for loading tensors count in MB/s.
_STEP = re.compile(r"\|.*\| (\d+)/(\d+) - [\d.]+(?:s/it|it/s)")


def read_lines(lines: Sequence[Line]) -> tuple[dict[str, float], list[float]]:
    """Seconds of encoding and decoding, and the moments at which the steps ended.

    A network's weights are loaded when it is first asked for, inside the stage that asks: such
    loading is no part of the stage here.
    """
    stages, step_ends, loads = {}, [], []
    sampling = False
    for line in lines:
        if found := _TAKING.search(line.text):
            what, taken = found[1], float(found[2])
            if what == "loading tensors":
                loads.append((line.time, taken))
                continue
            began = line.time - taken
            stages[what] = taken - sum(load for moment, load in loads if moment > began)
            sampling = what == "get_learned_condition"
        elif sampling and _STEP.search(line.text):
            step_ends.append(line.time)
    return stages, step_ends


class StableDiffusionCpp:
    name = "stable-diffusion.cpp"

    def __init__(self, program: Path, options: Sequence[str]):
        self._program, self._options = program, options

    def run(self, request: Request, folder: Path) -> Measurement:
        picture = folder / "stable-diffusion.cpp.png"
        command = [
            # Written to a pipe, its progress would come in one piece.
            *("stdbuf", "--output=L"),
            *(self._program, "--diffusion-model", request.file("diffusion_models", request.model)),
            *("--llm", request.file("text_encoders", request.text_encoder)),
            *("--vae", request.file("vae", request.vae)),
            *("-p", request.prompt, "-o", picture, "-t", request.threads),
            *("-W", request.side, "-H", request.side, "--steps", request.steps),
            *("--cfg-scale", CFG, "--sampling-method", SAMPLER, "--scheduler", SCHEDULER),
            # ComfyUI's noise of a seed; its own default is that of another interface.
            *("--flow-shift", SHIFT, "-s", request.seed, "--rng", "cpu"),
            *self._options,
        ]
        with Child(command, folder) as child:
            ended = child.wait()
        stages, step_ends = read_lines(child.lines)
        return child.measured(
            self._version(),
            stages,
            "get_learned_condition",
            "decode_first_stage",
            step_ends,
            ended,
            picture,
        )

    def _version(self) -> str:
        said = subprocess.run([self._program, "--version"], capture_output=True, text=True)
        found = re.search(r"version (\S+)", said.stdout)
        if not found:
            raise PeerError(f"{self._program} --version says no version: {said.stdout.strip()!r}")
        return found[1].rstrip(",")
