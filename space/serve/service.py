"""What the routes share: the application's parts, who asks, waiting for a job."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import zanime
from fastapi import Request
from zanime.serve.callers import Caller
from zanime.serve.errors import Refusal
from zanime.serve.jobs import Event, Job
from zanime.serve.metrics import Metrics
from zanime.serve.options import Options
from zanime.serve.scheduler import Scheduler

_LOOK_SECONDS = 0.5  # so soon a client who went away is noticed
_KEEP_ALIVE_SECONDS = 10.0
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Service:
    options: Options
    scheduler: Scheduler
    engine: zanime.Engine
    metrics: Metrics


def service_of(request: Request) -> Service:
    return request.app.state.service


def caller_of(request: Request) -> Caller:
    return request.state.caller


def key_of(request: Request) -> str | None:
    """Raises Refusal."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Refusal(
            400, "Idempotency-Key must have 1 to 255 printable ASCII characters.", "invalid_key"
        )
    return key


def digest_of(request: Request, *parts: bytes) -> str:
    """Of what is asked: the route and the body."""
    found = hashlib.sha256(request.url.path.encode())
    for part in parts:
        found.update(len(part).to_bytes(8))
        found.update(part)
    return found.hexdigest()


async def attended(service: Service, job: Job, request: Request) -> None:
    """Waits until the job is over, or its client is. Then nobody reads what comes next."""
    async for _ in events(service, job, request):
        pass


async def events(service: Service, job: Job, request: Request) -> AsyncIterator[Event | None]:
    """Until the job is over or its client has gone; None where nothing came for a while, which
    keeps the connection alive."""
    silent = 0.0
    with job.listening() as queue, service.scheduler.attending(job):
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), _LOOK_SECONDS)
            except TimeoutError:
                if await request.is_disconnected():
                    return
                silent += _LOOK_SECONDS
                if silent >= _KEEP_ALIVE_SECONDS:
                    silent = 0.0
                    yield None
                continue
            silent = 0.0
            yield event
            if event.name == "ended":
                return
