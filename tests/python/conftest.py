"""What the tests of the Python package share. PYTHONPATH leads to the package, ZANIME_PROGRAM to
the program that it is compared with."""

import os
import subprocess
from pathlib import Path

import pytest
import zanime

PROMPT = "1girl, blue hair, twin tails, red eyes, smile"


@pytest.fixture(autouse=True)
def no_user_files(monkeypatch, tmp_path_factory):
    """The built-in model, whatever the machine has in its folders."""
    for name in [name for name in os.environ if name.startswith("ZANIME_")]:
        if name != "ZANIME_PROGRAM":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "no-models"))
    monkeypatch.chdir(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    root = tmp_path_factory.mktemp("empty")
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(root)
    try:
        return zanime.Engine()
    finally:
        if before is None:
            del os.environ["XDG_DATA_HOME"]
        else:
            os.environ["XDG_DATA_HOME"] = before


@pytest.fixture(scope="session")
def program():
    def run(*arguments: str) -> str:
        made = subprocess.run(
            [os.environ["ZANIME_PROGRAM"], *arguments], capture_output=True, text=True, timeout=300
        )
        assert made.returncode == 0, made.stderr
        return made.stdout

    return run


@pytest.fixture(scope="session")
def golden() -> Path:
    return Path(__file__).parents[1] / "golden"
