"""/health and /metrics."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from zanime.serve.metrics import CONTENT_TYPE
from zanime.serve.service import service_of

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/health", operation_id="health")
async def health() -> Health:
    """Needs no token."""
    return Health()


@router.get("/metrics", operation_id="metrics", responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """In Prometheus' text form."""
    return Response(service_of(request).metrics.text(), media_type=CONTENT_TYPE)
