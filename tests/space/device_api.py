"""The service that ZeroGPU's package `spaces` asks for a device, as a server on this machine."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from loopback import Handler, LoopbackServer


@dataclass
class Answer:
    """To /schedule. A body that is a list is sent as events with these pauses (seconds) before."""

    status: int = 200
    body: dict | list[tuple[float, str]] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


GRANTED = {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "token"}


class DeviceApi(LoopbackServer):
    """Grants everything, unless `answer` is set."""

    def __init__(self) -> None:
        self.answer: Callable[[], Answer] = lambda: Answer(body=GRANTED)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.processes: list[int] = []  # that were let near a device
        api = self

        class Answers(Handler):
            def do_POST(self):
                url = urlsplit(self.path)
                parameters = dict(parse_qsl(url.query))
                api.asked.append((url.path, parameters))
                if url.path == "/allow":
                    api.processes.append(int(parameters["pid"]))
                answer = api.answer() if url.path == "/schedule" else Answer()
                api._send(self, answer)

        super().__init__(Answers)

    def of(self, path: str) -> list[dict[str, str]]:
        """The parameters of the requests to this path so far."""
        return [parameters for asked, parameters in self.asked if asked == path]

    @staticmethod
    def _send(request: Handler, answer: Answer) -> None:
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
