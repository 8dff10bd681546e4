"""Jobs on this machine, with the built-in model at a size that takes a fraction of a second."""

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

PROMPT = "1girl, blue hair, smile"
SMALL = {"width": 64, "height": 64, "steps": 1}


@pytest.fixture(autouse=True, scope="session")
def no_user_files(tmp_path_factory):
    for name in [name for name in os.environ if name.startswith("ZANIME_")]:
        del os.environ[name]
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("no-models"))


def table(output: Path) -> list[dict[str, Any]]:
    return parquet.read_table(output / "manifest.parquet").to_pylist()


def files(output: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of every picture."""
    found = {}
    for path in sorted(output.glob("pictures/*/*")) + sorted(output.glob("shards/*")):
        found[path.name] = (path.stat().st_ino, path.stat().st_mtime_ns)
    return found
