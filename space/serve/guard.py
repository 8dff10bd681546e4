"""What stands before every route, the page's too: host, origin, token, size of the body, log."""

import ipaddress
import logging
import re
import time
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from zanime.serve.callers import caller_of
from zanime.serve.errors import Refusal, log_unexpected
from zanime.serve.options import Options

log = logging.getLogger("zanime.access")

_WORD = re.compile(r"/[\w.-]{1,40}(?=/|$)", re.ASCII)
# Probes of a machine that balances load have no token; the answer is one word.
_OPEN = ("/health",)
_ALLOWED_METHODS = "GET, POST, DELETE, OPTIONS"
_ALLOWED_FIELDS = "authorization, content-type, idempotency-key, x-client-id"


class Guard:
    """The outermost layer. The caller is left in scope["state"]["caller"]."""

    def __init__(self, app: ASGIApp, options: Options) -> None:
        self._app = app
        self._options = options
        self._hosts = {"localhost", options.host.lower(), *map(str.lower, options.hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            elif scope["type"] == "websocket":  # nothing here speaks it
                await send({"type": "websocket.close", "code": 1008})
            return
        await _Exchange(self._app, self._options, self._hosts, scope, receive, send).run()


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, app: ASGIApp, options: Options, hosts: set[str], scope: Scope, receive: Receive,
        send: Send,
    ) -> None:  # fmt: skip
        self._app, self._options, self._hosts = app, options, hosts
        self._scope, self._receive, self._send = scope, receive, send
        self._fields = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        self._origin = ""  # of another page, which is allowed
        self._status = 0
        self._bytes = 0

    async def run(self) -> None:
        start = time.monotonic()
        try:
            if refusal := self._refused():
                await self._answer(refusal)
            elif self._origin and self._scope["method"] == "OPTIONS":
                await self._preflight()
            else:
                await self._app(self._scope, self._counted, self._sent)
        except Exception as error:
            log_unexpected(error)
            await self._answer(Refusal(500, "This is a defect of the server; its log has more."))
        finally:
            self._log(time.monotonic() - start)

    def _log(self, seconds: float) -> None:
        """The route and not the address: what is asked for may stand in that. Of the page, and of
        what is nowhere, the first part."""
        client = (self._scope.get("client") or ("-",))[0]
        first = _WORD.match(self._scope["path"])
        route = getattr(self._scope.get("route"), "path", "") or f"{first[0] if first else ''}/..."
        log.info(
            "%s %s %s %d %.0f ms",
            client,
            self._scope["method"],
            route,
            self._status or 499,
            1000 * seconds,
        )

    def _refused(self) -> Refusal | None:
        options, fields = self._options, self._fields
        # Another site's name that leads here would make its pages part of this server.
        host = _host_name(fields.get("host", ""))
        if not (_is_address(host) or host in self._hosts):
            return Refusal(
                421, "This server is not called by this name; --allow-host adds names.", "bad_host"
            )
        origin = fields.get("origin", "")
        if origin and urlsplit(origin).netloc.lower() != fields.get("host", "").lower():
            if origin not in options.origins:
                return Refusal(
                    403, "Other pages may not call this server; --allow-origin lists some.",
                    "bad_origin",
                )  # fmt: skip
            self._origin = origin
            if self._scope["method"] == "OPTIONS":
                return None  # asks whether it may, and never with a token
        address = (self._scope.get("client") or ("",))[0]
        caller = caller_of(fields, address, options.tokens)
        if caller is None and self._scope["path"] not in _OPEN:
            return Refusal(
                401, "A token is needed: as Bearer, or as the password of Basic.",
                "invalid_api_key", fields={"www-authenticate": 'Basic realm="zanime"'},
            )  # fmt: skip
        self._scope.setdefault("state", {})["caller"] = caller
        length = fields.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return Refusal(400, "Content-Length is not a number.")
        return self._too_large() if int(length) > options.largest_body else None

    def _too_large(self) -> Refusal:
        most = self._options.largest_body // 2**20
        return Refusal(413, f"The body is larger than {most} MB.", "body_too_large")

    async def _counted(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            if self._bytes > self._options.largest_body:
                told = self._too_large()
                raise HTTPException(told.status, told.message)  # FastAPI hands on no other
        return message

    async def _sent(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = [
                (name, value)
                for name, value in message.get("headers", [])
                if not name.lower().startswith(b"access-control-")
            ]
            headers.append((b"x-content-type-options", b"nosniff"))
            if self._origin:
                headers.append((b"access-control-allow-origin", self._origin.encode("latin-1")))
                headers.append((b"vary", b"origin"))
            message = {**message, "headers": headers}
        await self._send(message)

    async def _answer(self, refusal: Refusal) -> None:
        if self._status:  # half an answer is sent already
            return
        response = refusal.answer(self._scope["path"])
        response.headers["connection"] = "close"  # the body was not read
        await response(self._scope, self._receive, self._sent)

    async def _preflight(self) -> None:
        allowed = [
            (b"access-control-allow-methods", _ALLOWED_METHODS.encode()),
            (b"access-control-allow-headers", _ALLOWED_FIELDS.encode()),
            (b"access-control-allow-origin", self._origin.encode("latin-1")),
            (b"access-control-max-age", b"600"),
            (b"vary", b"origin"),
        ]
        self._status = 204
        await self._send({"type": "http.response.start", "status": 204, "headers": allowed})
        await self._send({"type": "http.response.body", "body": b""})


def _host_name(host: str) -> str:
    """Without the port."""
    host = host.lower()
    if host.startswith("["):
        return host.partition("]")[0][1:]
    return host.rpartition(":")[0] or host if host.count(":") == 1 else host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
