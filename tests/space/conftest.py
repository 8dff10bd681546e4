"""The Space as a process on a port of this machine, and what drives it."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright import sync_api as playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "space"))

PROMPT = "1girl, blue hair, twin tails, red eyes, smile"
BROWSER = os.environ.get("ZANIME_BROWSER") or shutil.which("chromium-headless-shell")


@dataclass
class App:
    url: str
    process: subprocess.Popen
    log: Path

    def worker(self) -> int | None:
        """The process that computes."""
        # A process is the child of the thread that made it.
        for file in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            for pid in file.read_text().split():
                if b"zanime_space.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        return None


def start(folder: Path, **environment: str) -> App:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "app.log"
    env = {name: value for name, value in os.environ.items() if not name.startswith("ZANIME_")}
    env |= {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "XDG_DATA_HOME": str(folder / "data"),
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "space/app.py"), "--port", str(port)],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
        )
    app = App(f"http://127.0.0.1:{port}/", process, log)
    for _ in range(1200):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(app.url + "config", timeout=5).close()
            return app
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def end(app: App) -> None:
    app.process.send_signal(signal.SIGTERM)
    try:
        app.process.wait(20)
    except subprocess.TimeoutExpired:
        app.process.kill()
        app.process.wait()


@pytest.fixture(autouse=True, scope="session")
def no_user_files(tmp_path_factory):
    """The built-in model, whatever the machine has in its folders."""
    for name in [name for name in os.environ if name.startswith("ZANIME_")]:
        if name not in ("ZANIME_PROGRAM", "ZANIME_BROWSER", "ZANIME_SCREENSHOTS"):
            del os.environ[name]
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("no-models"))


@contextlib.contextmanager
def running(folder: Path, **environment: str):
    """The page with this environment. Its log stays free of stack traces and of prompts."""
    app = start(folder, **environment)
    try:
        yield app
    finally:
        end(app)
    log = app.log.read_text()
    assert "Traceback" not in log, log
    assert not re.search("twin tails|cat ears", log), "a prompt was logged"


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    with running(tmp_path_factory.mktemp("app")) as app:
        yield app


@pytest.fixture
def client(app):
    from gradio_client import Client

    return Client(app.url, verbose=False)


@pytest.fixture(scope="module")
def browser():
    assert BROWSER, "no Chromium: install chromium-headless-shell or set ZANIME_BROWSER"
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, request):
    """Pages whose consoles stay clean and who load nothing from elsewhere."""
    contexts, complaints = [], []

    def opened(width=1280, height=900, scheme="light", at=None):
        address = (at or request.getfixturevalue("app")).url
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                complaints.append(f"asks for {asked.url}")
                if not asked.url.startswith((address, "data:", "blob:"))
                else None
            ),
        )
        page.goto(address)
        page.wait_for_selector("#generate")
        page.wait_for_timeout(500)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory) -> Path:
    """A folder with `dit`, `qwen3` and `vae`: whole, fitting, reduced, and full of noise."""
    folder = tmp_path_factory.mktemp("synthetic")
    sizes = {
        "dit": "--dim 128 --layers 2 --refiners 1 --head-dim 32 --cap 64 --ffn 256",
        "qwen3": "--hidden 64 --layers 2 --heads 4 --kv-heads 2 --head-dim 32 --ffn 128",
        "vae": "--channels 32",
    }
    for network, options in sizes.items():
        program = [os.environ["ZANIME_PROGRAM"], "lab", "synth", network, *options.split()]
        made = subprocess.run(
            [*program, "--dtype", "bf16", "-o", str(folder / network)],
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="session")
def program_picture(tmp_path_factory):
    """The file that ./zanime generate writes with these options."""

    def picture(*options: str, environment: dict[str, str] | None = None) -> bytes:
        file = tmp_path_factory.mktemp("program") / "p.png"
        env = {**os.environ, "XDG_DATA_HOME": str(file.parent), **(environment or {})}
        made = subprocess.run(
            [os.environ["ZANIME_PROGRAM"], "generate", "-q", "-o", str(file), *options],
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert made.returncode == 0, made.stderr
        return file.read_bytes()

    return picture
