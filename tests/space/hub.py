"""A model hub on this machine, as the engine asks one: the facts of a file, then the file."""

import hashlib
import threading
from pathlib import Path
from urllib.parse import unquote

from loopback import Handler, LoopbackServer

_COMMIT = "c" * 40
_PIECE = 64 * 1024


class Hub(LoopbackServer):
    """Serves `files` ("OWNER/NAME/PATH" to a file), whose bodies stop at a quarter until `gate` is
    set; or answers with another status, or with another length of the files."""

    def __init__(self, files: dict[str, Path], status: int = 200, length: int | None = None):
        self.gate = threading.Event()
        self.asked: list[str] = []  # method and path
        hub = self

        class Answers(Handler):
            def do_HEAD(self):
                hub._answer(self, files, status, length)

            def do_GET(self):
                hub._answer(self, files, status, length)

        super().__init__(Answers)

    def close(self) -> None:
        self.gate.set()
        super().close()

    def _answer(
        self,
        request: Handler,
        files: dict[str, Path],
        status: int,
        length: int | None,
    ) -> None:
        repository, _, rest = unquote(request.path).lstrip("/").partition("/resolve/")
        file = files.get(f"{repository}/{rest.partition('/')[2]}")
        self.asked.append(f"{request.command} {request.path}")
        if status != 200 or file is None:
            request.send_response(404 if status == 200 else status)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        content = file.read_bytes()
        start = 0
        if wanted := request.headers.get("Range"):
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
        request.send_response(206 if start else 200)
        request.send_header("X-Repo-Commit", _COMMIT)
        request.send_header("X-Linked-Size", str(length or len(content)))
        tag = hashlib.sha256(content).hexdigest()
        request.send_header("X-Linked-ETag", f'"{tag}"')
        request.send_header("ETag", f'"{tag}"')
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("Content-Length", str(len(content) - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        if request.command == "HEAD":
            return
        for at in range(start, len(content), _PIECE):
            if at > len(content) // 4:
                self.gate.wait(120)
            request.wfile.write(content[at : at + _PIECE])
