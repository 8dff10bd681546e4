"""What goes wrong, as an answer: one class, told in the form that the route's clients read."""

import logging
import traceback
from dataclasses import dataclass, field
from typing import Any

import zanime
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

log = logging.getLogger("zanime.serve")


@dataclass
class Refusal(Exception):
    """`retry_after` in seconds; None: the same request would fail again."""

    status: int
    message: str
    code: str = ""
    param: str | None = None
    retry_after: int | None = None
    fields: dict[str, str] = field(default_factory=dict)  # of the answer's header

    @property
    def kind(self) -> str:
        if self.status == 401:
            return "authentication_error"
        if self.status == 429:
            return "rate_limit_error"
        return "server_error" if self.status >= 500 else "invalid_request_error"

    def header(self) -> dict[str, str]:
        retry = "false" if self.retry_after is None else "true"
        found = {"x-should-retry": retry, "cache-control": "no-store", **self.fields}
        if self.retry_after is not None:
            found["retry-after"] = str(self.retry_after)
        return found

    def openai(self) -> dict[str, Any]:
        """The object of OpenAI's API."""
        told = {"message": self.message, "type": self.kind, "param": self.param}
        return {"error": {**told, "code": self.code or None}}

    def plain(self) -> dict[str, Any]:
        """What FastAPI's own errors, and so those of A1111, look like."""
        return {"detail": self.message, "error": self.code or self.kind, "errors": self.message}

    def answer(self, path: str) -> JSONResponse:
        body = self.openai() if path.startswith("/v1/") else self.plain()
        return JSONResponse(body, self.status, self.header())


def from_engine(error: zanime.ZanimeError) -> Refusal:
    """With the engine's own sentence."""
    if isinstance(error, (zanime.UsageError, zanime.GraphError)):
        return Refusal(400, str(error), "invalid_value")
    if isinstance(error, zanime.FileError):
        return Refusal(400, str(error), "file_error")
    if isinstance(error, zanime.ResourceError):
        return Refusal(507, str(error), "resource_error")
    return Refusal(500, str(error), "engine_error")


def log_unexpected(error: BaseException) -> None:
    """Where, but not the message: it may hold what a caller wrote."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s\n%s", type(error).__name__, frames)


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    return error.answer(request.url.path)


async def _engine(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, zanime.ZanimeError)
    return from_engine(error).answer(request.url.path)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    told = Refusal(error.status_code, str(error.detail), fields=dict(error.headers or {}))
    return told.answer(request.url.path)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    """Names fields and what they should be; what was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    told, first = [], None
    for problem in error.errors():
        path = [str(part) for part in problem["loc"] if part not in ("body", "query", "path")]
        first = first or (".".join(path) or None)
        told.append(f"{'.'.join(path) or 'the body'}: {problem['msg']}")
    status = 400 if request.url.path.startswith("/v1/") else 422
    return Refusal(status, "; ".join(told[:10]), "invalid_value", first).answer(request.url.path)


HANDLERS: dict[int | type[Exception], Any] = {
    Refusal: _refusal,
    zanime.ZanimeError: _engine,
    HTTPException: _http,
    RequestValidationError: _validation,
}
