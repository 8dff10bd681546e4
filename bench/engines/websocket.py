"""As much of the WebSocket protocol (RFC 6455) as listening to a server takes."""

import base64
import contextlib
import os
import socket
import struct

from .request import PeerError

_FINAL, _OPCODE, _LENGTH, _MASKED = 0x80, 0x0F, 0x7F, 0x80
_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def client_frame(opcode: int, payload: bytes) -> bytes:
    """A short final frame; what a client sends is masked."""
    if len(payload) > 125:
        raise ValueError(f"a control frame holds at most 125 bytes, not {len(payload)}")
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([_FINAL | opcode, _MASKED | len(payload)]) + mask + masked


class WebSocket:
    def __init__(self, host: str, port: int, path: str):
        self._socket = socket.create_connection((host, port), timeout=10)
        self._stream = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = self._stream.readline().decode(errors="replace").strip()
        if " 101 " not in f"{status} ":
            raise PeerError(f"{host}:{port}{path} is no WebSocket: {status!r}")
        while self._stream.readline().strip():
            pass  # headers
        self._socket.settimeout(None)

    def close(self) -> None:
        """Ends a `receive` that waits in another thread, too."""
        with contextlib.suppress(OSError):  # the server may have left already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def receive(self) -> str:
        """The next text, however long it takes to come. What is binary (previews) is left out."""
        text = None
        while True:
            first, second = self._read(2)
            length = second & _LENGTH
            if length > 125:
                form = "!H" if length == 126 else "!Q"
                (length,) = struct.unpack(form, self._read(struct.calcsize(form)))
            payload = self._read(length)
            opcode = first & _OPCODE
            if opcode == _CLOSE:
                raise PeerError("the server closed the connection")
            if opcode == _PING:
                self._socket.sendall(client_frame(_PONG, payload))
            if opcode not in (_CONTINUED, _TEXT, _BINARY):
                continue  # control frames may stand between the frames of a message
            if opcode != _CONTINUED:
                text = b"" if opcode == _TEXT else None
            if text is not None:
                text += payload
                if first & _FINAL:
                    return text.decode()

    def _read(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise PeerError("the server closed the connection in the middle of a message")
        return data
