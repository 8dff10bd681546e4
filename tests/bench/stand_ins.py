"""Programs that say what the engines say, so that reading it can be tested without them."""

import sys
import textwrap
from pathlib import Path


def write_png(path: Path, value: int) -> None:
    """A grey picture of 64 x 64, its rows filtered in each of PNG's five ways in turn."""
    path.write_bytes(grey_png(64, value))


def grey_png(side: int, value: int) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))
        )

    def predicted(kind: int, x: int, y: int) -> int:
        left, above = (value if x else 0), (value if y else 0)
        corner = value if x and y else 0
        nearest = min((left, above, corner), key=lambda v: abs(left + above - corner - v))
        return (0, left, above, (left + above) // 2, nearest)[kind]

    rows = b"".join(
        bytes([y % 5])
        + bytes((value - predicted(y % 5, x, y)) & 255 for x in range(side) for _ in "rgb")
        for y in range(side)
    )
    header = struct.pack("!IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _program(path: Path, source: str) -> Path:
    helper = f"import sys\nsys.path[:0] = [{str(Path(__file__).parent)!r}]\n"
    path.write_text(f"#!{sys.executable}\n{helper}{textwrap.dedent(source)}")
    path.chmod(0o755)
    return path


def zanime(path: Path, value: int = 100) -> Path:
    return _program(
        path,
        f"""
        import json, pathlib, time
        from stand_ins import write_png
        if "--version" in sys.argv:
            print("zanime 1.2.3")
            sys.exit()
        workflow = json.loads(pathlib.Path(sys.argv[sys.argv.index("run") + 1]).read_text())
        root = pathlib.Path(sys.argv[sys.argv.index("--models-root") + 1])
        assert (root / "diffusion_models" / workflow["model"]["inputs"]["unet_name"]).is_file()
        def say(text):
            print(text, file=sys.stderr, flush=True)
        say("UNETLoader (node model) done in 0.00 s")
        time.sleep(0.2)
        say("CLIPTextEncode (node text) done in 0.20 s")
        for step in range(workflow["sampler"]["inputs"]["steps"]):
            time.sleep(0.1)
            say(f"KSampler (node sampler) step {{step + 1}}/2, 0.10 s")
        say("VAEDecode (node decode) done in 0.07 s")
        write_png(pathlib.Path(sys.argv[sys.argv.index("-o") + 1]), {value})
        """,
    )


def sd_cli(path: Path, value: int = 101) -> Path:
    return _program(
        path,
        f"""
        import pathlib, time
        from stand_ins import write_png
        if "--version" in sys.argv:
            print("stable-diffusion.cpp version master-1-abc, commit abc")
            sys.exit()
        def say(text, end="\\n"):
            print(text, end=end, flush=True)
        say("\\r  |####| 10/10 - 1.5GB/s\\x1b[K")
        time.sleep(0.3)
        say("[INFO ] loading tensors completed, taking 0.20s (read: 0.1s)")
        say("[INFO ] get_learned_condition completed, taking 0.25s")
        time.sleep(0.2)
        say("[INFO ] loading tensors completed, taking 0.15s (read: 0.1s)")
        for step in range(int(sys.argv[sys.argv.index("--steps") + 1])):
            time.sleep(0.1)
            say(f"\\r  |==>  | {{step + 1}}/2 - 9.99it/s\\x1b[K", end="")
        say("")
        say("[INFO ] sampling completed, taking 0.40s")
        say("[INFO ] decode_first_stage completed, taking 0.05s")
        write_png(pathlib.Path(sys.argv[sys.argv.index("-o") + 1]), {value})
        """,
    )


def comfyui(folder: Path, failure: str = "") -> Path:
    """A folder with a main.py. `failure`: "", "refuse", "fail" or "die"."""
    folder.mkdir()
    _program(folder / "main.py", f"from stand_ins import serve\nserve({failure!r})\n")
    return folder


def serve(failure: str) -> None:
    import base64
    import hashlib
    import http.server
    import json
    import os
    import struct
    import threading
    import time

    sockets = []

    def send(kind: str, **data) -> None:
        text = json.dumps({"type": kind, "data": data}).encode()
        half = len(text) // 2
        # A ping between two frames of one message, and lengths of both short forms.
        frames = [(0x01, text[:half]), (0x89, b"?"), (0x80, text[half:])]
        for first, payload in frames:
            short = len(payload) < 126
            length = bytes([len(payload)]) if short else b"\x7e" + struct.pack("!H", len(payload))
            sockets[0].write(bytes([first]) + length + payload)
        sockets[0].flush()

    def make_picture(workflow: dict, base: Path) -> None:
        send("status", filler="x" * 300)
        for node, seconds in [("clip", 0.05), ("text", 0.2), ("sampler", 0.1)]:
            send("executing", node=node)
            time.sleep(seconds)
        if failure == "fail":
            send(
                "execution_error", node_type="KSampler", exception_type="X", exception_message="why"
            )
            return
        if failure == "die":
            os._exit(3)
        steps = workflow["sampler"]["inputs"]["steps"]
        for step in range(steps):
            time.sleep(0.1)
            send("progress", node="sampler", value=step + 1, max=steps)
        send("executing", node="decode")
        time.sleep(0.06)
        send("executing", node="save")
        (base / "output").mkdir()
        write_png(base / "output" / "peer_00001_.png", 100)
        send("executing", node=None)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status: int, body) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self):
            if not self.path.startswith("/ws"):
                self.answer(200, {"system": {"comfyui_version": "0.1", "pytorch_version": "2"}})
                return
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", accept)
            self.end_headers()
            sockets.append(self.wfile)
            self.rfile.read()  # until the client leaves

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if failure == "refuse":
                self.answer(400, {"error": "value not in list"})
                return
            base = Path(sys.argv[sys.argv.index("--base-directory") + 1])
            self.answer(200, {"prompt_id": "1"})
            threading.Thread(target=make_picture, args=(body["prompt"], base), daemon=True).start()

    assert "--cpu" in sys.argv
    host = sys.argv[sys.argv.index("--listen") + 1]
    port = int(sys.argv[sys.argv.index("--port") + 1])
    http.server.ThreadingHTTPServer((host, port), Handler).serve_forever()
