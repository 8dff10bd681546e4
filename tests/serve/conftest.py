"""The server as a process on a port of this machine. PYTHONPATH leads to the package."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

PROMPT = "1girl, blue hair, twin tails, red eyes, smile"
# Pictures that take a fraction of a second, and one that takes minutes.
SMALL = {"width": 64, "height": 64, "steps": 1}
SLOW = {"width": 256, "height": 256, "steps": 100}


@dataclass
class Server:
    url: str
    process: subprocess.Popen
    log: Path
    data: Path

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(  # no certificates to be loaded each time
            base_url=self.url, timeout=120, trust_env=False, verify=False, **options
        )

    def workers(self) -> list[int]:
        """The processes that compute."""
        found = []
        for file in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            for pid in file.read_text().split():
                if b"zanime_space.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(int(pid))
        return found

    def gallery(self) -> list[dict[str, Any]]:
        """All of it, newest first."""
        with self.client() as client:
            return client.get("/zanime/v1/gallery?limit=1000").json()["pictures"]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def launch(folder: Path, *options: str, **environment: str) -> Server:
    """Without waiting until it listens."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("ZANIME_")}
    env |= {
        "HF_HUB_OFFLINE": "1",
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "XDG_DATA_HOME": str(folder / "home"),
        **environment,
    }
    log = folder / "serve.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "zanime.serve", "--port", str(port), *options],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
        )
    return Server(f"http://127.0.0.1:{port}", process, log, folder / "home/zanime/serve")


def start(folder: Path, *options: str, **environment: str) -> Server:
    server = launch(folder, *options, **environment)
    for _ in range(600):
        assert server.process.poll() is None, server.log.read_text()
        with contextlib.suppress(httpx.TransportError), server.client() as client:
            if client.get("/health").status_code == 200:
                return server
        time.sleep(0.1)
    raise AssertionError(server.log.read_text())


def end(server: Server, with_signal: int = signal.SIGTERM) -> float:
    """Seconds that it took."""
    begun = time.monotonic()
    if server.process.poll() is None:
        server.process.send_signal(with_signal)
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()
    return time.monotonic() - begun


@contextlib.contextmanager
def running(folder: Path, *options: str, **environment: str):
    """A server whose log stays free of stack traces and of prompts."""
    server = start(folder, *options, **environment)
    try:
        yield server
    finally:
        end(server)
    check_log(server)


def check_log(server: Server) -> None:
    log = server.log.read_text()
    assert "Traceback" not in log and "unexpected" not in log, log
    assert not re.search("twin tails|sesame", log), "a prompt or a secret was logged"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("server"), "--no-page") as server:
        yield server


@pytest.fixture
def http(server):
    with server.client() as client:
        yield client


def wait_for(condition, seconds=60.0):
    limit = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < limit
        time.sleep(0.05)
    return found


def finished(client: httpx.Client, job: str) -> dict[str, Any]:
    """The job when it is over."""
    over = ("done", "failed", "cancelled")

    def look():
        told = client.get(f"/zanime/v1/jobs/{job}").json()
        return told if told["state"] in over else None

    return wait_for(look)
