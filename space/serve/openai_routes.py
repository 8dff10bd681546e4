"""OpenAI's Images API: /v1/images and /v1/models."""

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from zanime.serve import openai_events as told
from zanime.serve.errors import Refusal
from zanime.serve.jobs import Job
from zanime.serve.openai_forms import EDIT_BODY, read_edit
from zanime.serve.openai_models import (
    ErrorBody,
    ImageRequest,
    ImagesResponse,
    Model,
    ModelList,
    is_alias,
)
from zanime.serve.orders import Order
from zanime.serve.service import (
    Service,
    attended,
    caller_of,
    digest_of,
    key_of,
    service_of,
)
from zanime.serve.uploads import Raster

_STATUSES = (400, 401, 403, 404, 409, 413, 421, 422, 429, 500, 503, 507)
_ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorBody} for status in _STATUSES}
_TEXT = {"type": "string"}
_EVENT = {"type": "object", "properties": {"event": _TEXT, "data": _TEXT}}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": _EVENT}}}
}

router = APIRouter(prefix="/v1", tags=["OpenAI"], responses=_ERRORS)


@router.get("/models", operation_id="list_models")
async def models(request: Request) -> ModelList:
    """The default one first."""
    service = service_of(request)
    names = service.engine.models("diffusion_models")
    return ModelList(data=[Model(id=name) for name in ["zanime", *names]])


@router.get("/models/{model:path}", operation_id="get_model")
async def model(model: str, request: Request) -> Model:
    _chosen(service_of(request), model)
    return Model(id=model)


@router.post(
    "/images/generations",
    operation_id="generate_images",
    response_model=ImagesResponse,
    response_model_exclude_none=True,
    responses=_STREAM,
)
async def generations(body: ImageRequest, request: Request) -> Any:
    """Pictures from a prompt."""
    digest = digest_of(request, await request.body())
    return await _answer(body, request, digest, told.GENERATION)


@router.post(
    "/images/edits",
    operation_id="edit_image",
    response_model=ImagesResponse,
    response_model_exclude_none=True,
    responses=_STREAM,
    openapi_extra=EDIT_BODY,
)
async def edits(request: Request) -> Any:
    """Pictures from a picture, where a mask is transparent or everywhere."""
    edit = await read_edit(request)
    digest = digest_of(request, *edit.parts)
    return await _answer(edit.fields, request, digest, told.EDIT, edit.image, edit.mask)


@router.post("/images/variations", operation_id="vary_image")
async def variations() -> Response:
    """Not here."""
    raise Refusal(
        400, "There are no variations here. Use /v1/images/edits with a prompt and a strength.",
        "unsupported",
    )  # fmt: skip


def _chosen(service: Service, model: str) -> str:
    """The file; "" for the default one."""
    if is_alias(model):
        return ""
    if model not in service.engine.models("diffusion_models"):
        raise Refusal(
            404, "There is no such model. /v1/models lists them; dall-e-* and gpt-image-* are the "
            "default one.", "model_not_found", "model",
        )  # fmt: skip
    return model


async def _answer(
    body: ImageRequest,
    request: Request,
    digest: str,
    names: told.Names,
    image: Raster | None = None,
    mask: Raster | None = None,
) -> Any:
    service, caller = service_of(request), caller_of(request)
    if body.response_format == "url" and not service.options.lasting:
        raise Refusal(400, "There is no gallery here: ask for b64_json.", param="response_format")
    members = {**body.members(), "model": _chosen(service, body.model)}
    if image:
        members["strength"] = body.strength
    retry = request.headers.get("x-stainless-retry-count", "")
    key = key_of(request)
    order = Order(
        members=members,
        count=body.n,
        kind="openai",
        key=key,
        digest=digest,
        repeated=retry not in ("", "0"),
        retries=key is not None or retry != "",
        image=image,
        mask=mask,
    )
    job = await service.scheduler.order(order, caller)
    shape = told.Shape(body, str(request.base_url) + "zanime/v1/gallery/")
    if body.stream:
        return StreamingResponse(
            told.stream(service, job, request, shape, names),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"},
        )
    await attended(service, job, request)
    if refusal := job.refusal():
        raise refusal
    data = [await asyncio.to_thread(told.picture_data, service, one, shape) for one in job.pictures]
    if not await request.is_disconnected():
        service.scheduler.answered(job)
    return _response(job, body, data)


def _response(job: Job, body: ImageRequest, data: list[Any]) -> ImagesResponse:
    first = job.pictures[0]
    return ImagesResponse(
        created=int(time.time()),
        data=data,
        seed=first.seed,
        output_format=body.output_format,
        quality=body.quality,
        size=f"{first.width}x{first.height}",
    )
