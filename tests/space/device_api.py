"""The service that ZeroGPU's package `spaces` asks for a device, as a server on this machine."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Answer:
    """To /schedule. A body that is a list is sent as events with these pauses (seconds) before."""

    status: int = 200
    body: dict | list[tuple[float, str]] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


GRANTED = {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "token"}


class DeviceApi:
    """Grants everything, unless `answer` is set."""

    def __init__(self) -> None:
        self.answer: Callable[[], Answer] = lambda: Answer(body=GRANTED)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.processes: list[int] = []  # that were let near a device
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                url = urlsplit(self.path)
                parameters = dict(parse_qsl(url.query))
                api.asked.append((url.path, parameters))
                if url.path == "/allow":
                    api.processes.append(int(parameters["pid"]))
                answer = api.answer() if url.path == "/schedule" else Answer()
                api._send(self, answer)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, path: str) -> list[dict[str, str]]:
        """The parameters of the requests to this path so far."""
        return [parameters for asked, parameters in self.asked if asked == path]

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, answer: Answer) -> None:
        events = answer.body if isinstance(answer.body, list) else None
        request.send_response(answer.status)
        for name, value in answer.fields.items():
            request.send_header(name, value)
        request.send_header(
            "Content-Type", "application/json" if events is None else "text/event-stream"
        )
        request.end_headers()
        if events is None:
            request.wfile.write(json.dumps(answer.body).encode())
            return
        for pause, event in events:
            time.sleep(pause)
            try:
                request.wfile.write(f"event: {event}\n\n".encode())
                request.wfile.flush()
            except OSError:  # nobody waits any more
                return
