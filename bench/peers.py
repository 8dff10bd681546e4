#!/usr/bin/env python3
"""Measures zanime, ComfyUI and stable-diffusion.cpp one after another: the same picture, the same
model files, the same number of threads, one table.

    bench/peers.py --zanime build/zanime --comfyui ../ComfyUI --sdcpp ../sd-cli \\
        --model z.safetensors --text-encoder qwen.safetensors --vae ae.safetensors --sizes 256,512

An engine that is not given is left out. The diffusion model must have ComfyUI's tensor names:
stable-diffusion.cpp reads no others in F8 (`zanime lab synth dit --layout comfy` writes them).
"""

import argparse
import json
import os
import platform
import re
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engines.comfyui import ComfyUi
from engines.picture import psnr, read_png
from engines.report import Result, as_json, table
from engines.request import PeerError, Request
from engines.stable_diffusion_cpp import StableDiffusionCpp
from engines.zanime import Zanime

# 26 tokens with the template around it, which is what `zanime bench` encodes.
PROMPT = "an anime girl with silver hair and blue eyes stands by the window at dusk, smiling softly"
FOLDERS = {"model": "diffusion_models", "text_encoder": "text_encoders", "vae": "vae"}
SIZE_STEP = 64  # what every engine takes as it is


class UsageError(Exception):
    pass


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    engines = parser.add_argument_group("engines")
    engines.add_argument("--zanime", type=Path, metavar="PROGRAM")
    engines.add_argument("--comfyui", type=Path, metavar="FOLDER", help="that holds its main.py")
    engines.add_argument(
        "--comfyui-python",
        type=Path,
        metavar="PROGRAM",
        help="with its requirements (default: venv/bin/python in its folder)",
    )
    engines.add_argument("--sdcpp", type=Path, metavar="PROGRAM", help="its sd-cli")
    for name in ("zanime", "comfyui", "sdcpp"):
        engines.add_argument(
            f"--{name}-options",
            type=shlex.split,
            default=[],
            metavar="TEXT",
            help="further options of that program, in one argument",
        )
    files = parser.add_argument_group("model files")
    for name in FOLDERS:
        files.add_argument(f"--{name.replace('_', '-')}", type=Path, required=True, metavar="FILE")
    picture = parser.add_argument_group("picture")
    picture.add_argument(
        "--sizes", "--size", default="256", metavar="N,…", help="sides of square pictures"
    )
    picture.add_argument("--steps", type=int, default=3, help="at least 2 (default 3)")
    picture.add_argument("--seed", type=int, default=42)
    picture.add_argument("--prompt", default=PROMPT)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--cold", action="store_true", help="do not read the model files before each run"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the pictures are kept")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    return parser.parse_args(arguments)


def sizes(text: str) -> list[int]:
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise UsageError(f"--sizes: found {text!r}, expected whole numbers with commas")
    sides = [int(side) for side in text.split(",")]
    for side in sides:
        if side < SIZE_STEP or side % SIZE_STEP:
            raise UsageError(f"--sizes: found {side}, expected multiples of {SIZE_STEP}")
    return sides


def existing(option: str, path: Path, is_wanted, what: str) -> Path:
    # Not resolved: a virtual environment's Python is a link, and is known by where that lies.
    path = path.absolute()
    if not is_wanted(path):
        raise UsageError(f"{option}: {path} is no {what}")
    return path


def program(option: str, path: Path) -> Path:
    return existing(
        option, path, lambda file: file.is_file() and os.access(file, os.X_OK), "program"
    )


def chosen_engines(options: argparse.Namespace) -> list:
    """In this order: the last ones need the most memory, and drop the others' files from it."""
    engines = []
    if options.zanime:
        engines.append(Zanime(program("--zanime", options.zanime), options.zanime_options))
    if options.comfyui:
        folder = existing(
            "--comfyui",
            options.comfyui,
            lambda path: (path / "main.py").is_file(),
            "ComfyUI folder: it has no main.py",
        )
        python = options.comfyui_python or folder / "venv/bin/python"
        engines.append(
            ComfyUi(folder, program("--comfyui-python", python), options.comfyui_options)
        )
    if options.sdcpp:
        engines.append(StableDiffusionCpp(program("--sdcpp", options.sdcpp), options.sdcpp_options))
    if not engines:
        raise UsageError("no engine given: --zanime, --comfyui, --sdcpp, or several of them")
    return engines


def link_models(options: argparse.Namespace, root: Path) -> dict[str, str]:
    """The files in the folders where zanime and ComfyUI look for them. Returns their names."""
    names = {}
    for name, folder in FOLDERS.items():
        option = f"--{name.replace('_', '-')}"
        file = existing(option, getattr(options, name), Path.is_file, "file")
        (root / folder).mkdir(parents=True)
        (root / folder / file.name).symlink_to(file)
        names[name] = file.name
    return names


def read_all(files: Sequence[Path]) -> None:
    """Into the page cache, from which the engine before may have driven them."""
    block = bytearray(1 << 22)
    for file in files:
        with open(file, "rb", buffering=0) as stream:
            while stream.readinto(block):
                pass


class Machine(NamedTuple):
    cpu: str
    cores: int
    memory: int
    system: str


def machine() -> Machine:
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return Machine(
        model[1] if model else platform.machine(),
        len(os.sched_getaffinity(0)),
        int(memory[1]) * 1024 if memory else 0,
        f"{platform.system()} {platform.release()}",
    )


def measure(engines: Sequence, request: Request, options: argparse.Namespace) -> list[Result]:
    """One result an engine. The first engine's picture is what the others' are compared with."""
    results: list[Result] = []
    reference = None
    for engine in engines:
        with tempfile.TemporaryDirectory(prefix="peers-") as folder:
            try:
                if not options.cold:
                    read_all(
                        [request.file(FOLDERS[name], getattr(request, name)) for name in FOLDERS]
                    )
                print(f"{engine.name}, {request.side} x {request.side} …", file=sys.stderr)
                measured = engine.run(request, Path(folder))
                if measured.start < 0:
                    print(
                        f"{engine.name}: its steps took unequal times, so that its start comes "
                        "out below 0; something else used the machine: measure again",
                        file=sys.stderr,
                    )
                picture = read_png(measured.picture)
                likeness = psnr(reference, picture) if reference else None
                reference = reference or picture
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    kept = options.keep / f"{engine.name}-{request.side}.png"
                    shutil.copyfile(measured.picture, kept)
                results.append(Result(engine.name, measured, likeness, None))
            except PeerError as error:
                print(f"{engine.name}: {error}", file=sys.stderr)
                results.append(Result(engine.name, None, None, str(error)))
    return results


def main() -> int:
    # As by Ctrl-C: what was started ends too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda found, _: sys.exit(128 + found))
    options = parse_arguments()
    try:
        sides = sizes(options.sizes)
        if options.steps < 2:
            raise UsageError(
                f"--steps: found {options.steps}, expected at least 2: the first step comes with "
                "the loading of the model, a later one alone"
            )
        engines = chosen_engines(options)
        with tempfile.TemporaryDirectory(prefix="peers-models-") as root:
            names = link_models(options, Path(root))
            runs = []
            for side in sides:
                request = Request(
                    models_root=Path(root),
                    prompt=options.prompt,
                    side=side,
                    steps=options.steps,
                    seed=options.seed,
                    threads=options.threads,
                    **names,
                )
                runs.append((request, measure(engines, request, options)))
                if not options.json:
                    print(table(*runs[-1]), flush=True)
    except UsageError as error:
        print(f"peers.py: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(as_json(machine()._asdict(), runs), indent=2))
    return 1 if any(result.error for _, results in runs for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
