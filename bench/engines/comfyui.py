"""ComfyUI, by its server on the loopback address: asked over HTTP, heard over WebSocket."""

import contextlib
import http.client
import json
import queue
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .child import Child
from .request import Measurement, PeerError, Request
from .websocket import WebSocket

_HOST = "127.0.0.1"
_START_SECONDS = 300
_POLL_SECONDS = 0.1


class Event(NamedTuple):
    time: float  # of time.monotonic(), at its arrival
    kind: str
    data: dict[str, Any]


def read_events(events: Sequence[Event]) -> tuple[dict[str, float], list[float]]:
    """Seconds by node, and the moments at which the sampler's steps ended.

    The server tells when it begins a node; a node ends where the next one begins. The last one
    tells that there is none.
    """
    seconds, step_ends = {}, []
    running, since = None, 0.0
    for event in events:
        if event.kind == "executing":
            if running is not None:
                seconds[running] = seconds.get(running, 0.0) + event.time - since
            running, since = event.data["node"], event.time
        elif event.kind == "progress" and event.data["node"] == "sampler":
            if event.data["value"] > len(step_ends):  # not the announcement of step 0
                step_ends.append(event.time)
    return seconds, step_ends


def error_text(event: Event) -> str:
    data = event.data
    return (
        f"failed in {data.get('node_type', 'a node')}: {data.get('exception_type', 'error')}: "
        f"{str(data.get('exception_message', '')).strip()}"
    )


class ComfyUi:
    name = "ComfyUI"

    def __init__(self, folder: Path, python: Path, options: Sequence[str]):
        self._folder, self._python, self._options = folder, python, options

    def run(self, request: Request, folder: Path) -> Measurement:
        with socket.create_server((_HOST, 0)) as probe:
            port = probe.getsockname()[1]
        base = folder / "comfyui"
        for part in ("custom_nodes", "web"):
            (base / part).mkdir(parents=True)
        (base / "models").symlink_to(request.models_root)
        command = [
            *(self._python, self._folder / "main.py", "--cpu"),
            *("--listen", _HOST, "--port", port, "--disable-auto-launch"),
            # Nothing of the installation's own settings, nodes, page or database.
            *("--base-directory", base, "--front-end-root", base / "web"),
            *("--disable-all-custom-nodes", "--disable-api-nodes"),
            *("--database-url", "sqlite:///:memory:"),
            *self._options,
        ]
        environment = {
            "OMP_NUM_THREADS": str(request.threads),
            "MKL_NUM_THREADS": str(request.threads),
            "CUDA_VISIBLE_DEVICES": "",
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
        }
        with Child(command, self._folder, environment) as child:
            version = self._wait_for_server(child, port)
            try:
                events = self._make_picture(child, port, request)
            except (OSError, http.client.HTTPException) as error:
                raise child.error(f"was lost while it made the picture: {error!r}") from error
        seconds, step_ends = read_events(events)
        ended = events[-1].time
        picture = self._picture(base / "output")
        return child.measured(version, seconds, "text", "decode", step_ends, ended, picture)

    @staticmethod
    def _picture(folder: Path) -> Path:
        pictures = sorted(folder.glob("*.png"))
        if not pictures:
            raise PeerError(f"left no picture in {folder}")
        return pictures[-1]

    @staticmethod
    def _wait_for_server(child: Child, port: int) -> str:
        """ComfyUI's version and torch's, once it answers."""
        while child.running():
            if time.monotonic() - child.launched > _START_SECONDS:
                raise child.error(f"did not answer within {_START_SECONDS} s")
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, said = _http(port, "GET", "/system_stats")
                if status == 200:
                    system = said["system"]
                    return f"{system['comfyui_version']}, torch {system['pytorch_version']}"
            time.sleep(_POLL_SECONDS)
        raise child.error("ended before it answered")

    @staticmethod
    def _make_picture(child: Child, port: int, request: Request) -> list[Event]:
        client = uuid.uuid4().hex
        with _heard(port, client) as heard:
            body = {"prompt": request.workflow(), "client_id": client}
            status, said = _http(port, "POST", "/prompt", body)
            if status != 200:
                raise PeerError(f"refused the workflow ({status}): {json.dumps(said)}")
            events = []
            while True:
                event = heard.get()
                events.append(event)
                if event.kind == "execution_error":
                    raise child.error(error_text(event))
                if event.kind == "closed":
                    raise child.error(f"was lost while it made the picture: {event.data['why']}")
                if event.kind == "executing" and event.data["node"] is None:
                    return events


def _http(port: int, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(_HOST, port, timeout=60)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        try:
            return answer.status, json.loads(text)
        except json.JSONDecodeError:
            return answer.status, text
    finally:
        connection.close()


@contextlib.contextmanager
def _heard(port: int, client: str) -> Iterator["queue.Queue[Event]"]:
    """What the server tells `client`, stamped in a thread that does nothing else."""
    events: queue.Queue[Event] = queue.Queue()
    listener = WebSocket(_HOST, port, f"/ws?clientId={client}")

    def listen() -> None:
        while True:
            try:
                message = json.loads(listener.receive())
            except (OSError, ValueError, PeerError) as error:
                events.put(Event(time.monotonic(), "closed", {"why": str(error)}))
                return
            events.put(Event(time.monotonic(), message["type"], message["data"]))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield events
    finally:
        listener.close()
        thread.join()
