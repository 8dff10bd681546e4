"""zanime, by its program: `zanime run` of the workflow that ComfyUI gets."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .child import Child, Line
from .request import Measurement, PeerError, Request

_DONE = re.compile(r"(\w+) \(node .+\) done in ([\d.]+) s")
_STEP = re.compile(r"KSampler \(node .+\) step (\d+)/(\d+), ")


def read_lines(lines: Sequence[Line]) -> tuple[dict[str, float], list[float]]:
    """Seconds by node class, and the moments at which the steps ended."""
    seconds, step_ends = {}, []
    for line in lines:
        if found := _DONE.match(line.text):
            seconds[found[1]] = float(found[2])
        elif _STEP.match(line.text):
            step_ends.append(line.time)
    return seconds, step_ends


class Zanime:
    name = "zanime"

    def __init__(self, program: Path, options: Sequence[str]):
        self._program, self._options = program, options

    def run(self, request: Request, folder: Path) -> Measurement:
        picture = folder / "zanime.png"
        workflow = request.write_workflow(folder / "workflow.json")
        command = [
            self._program,
            *self._options,
            "--threads",
            str(request.threads),
            "run",
            workflow,
        ]
        command += ["--models-root", request.models_root, "-o", picture]
        with Child(command, folder) as child:
            ended = child.wait()
        seconds, step_ends = read_lines(child.lines)
        return child.measured(
            self._version(), seconds, "CLIPTextEncode", "VAEDecode", step_ends, ended, picture
        )

    def _version(self) -> str:
        said = subprocess.run([self._program, "--version"], capture_output=True, text=True)
        if said.returncode != 0:
            raise PeerError(f"{self._program} --version ended with {said.returncode}")
        return said.stdout.split()[-1]
