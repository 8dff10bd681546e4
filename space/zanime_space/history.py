"""The pictures of one session, newest first, and the files behind them."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import zanime
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

_LONGEST = 60


@dataclass(frozen=True)
class Entry:
    file: str
    seed: str
    parameters: str
    params: zanime.GenerationParams


def save_pictures(result: zanime.Result) -> list[str]:
    """The PNG files as the program writes them, where Gradio serves files from and clears them
    after a day: it would copy them there itself, and have no sentence for a full disk. Raises
    ResourceError and OSError."""
    count = len(result.pictures)
    files = []
    with tempfile.TemporaryDirectory(prefix="zanime-") as folder:
        for index in range(count):
            number = "" if count == 1 else f"_{index + 1}"
            path = Path(folder) / f"zanime_{result.seed}{number}.png"
            result.save(path, index)
            files.append(save_file_to_cache(path, cache_dir=get_upload_folder()))
    return files


def with_result(history: list[Entry], result: zanime.Result, files: list[str]) -> list[Entry]:
    assert result.params is not None
    new = [Entry(file, str(result.seed), result.parameters, result.params) for file in files]
    return (new + history)[:_LONGEST]
