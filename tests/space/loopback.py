"""What the servers of the tests on this machine share: their start, their address and their end."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Silent: pytest shows what a test prints."""

    def log_message(self, *_):
        pass


class LoopbackServer:
    """Answers by `handler` on a free port, from its construction until `close`."""

    def __init__(self, handler: type[Handler]):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
