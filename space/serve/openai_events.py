"""The answers of OpenAI's Images API, whole or as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from zanime.serve.encoding import base64_of, encoded, encoded_preview
from zanime.serve.errors import Refusal, log_unexpected
from zanime.serve.jobs import Job
from zanime.serve.openai_models import ImageRequest, PictureData, Usage
from zanime.serve.service import Service, events
from zanime.serve.store import Picture
from zanime_space.pictures import Step

KEEP_ALIVE = ": keep-alive\n\n"


@dataclass(frozen=True)
class Names:
    partial: str
    completed: str


GENERATION = Names("image_generation.partial_image", "image_generation.completed")
EDIT = Names("image_edit.partial_image", "image_edit.completed")


@dataclass(frozen=True)
class Shape:
    """How the answer carries pictures."""

    asked: ImageRequest
    gallery: str  # address before a picture's id


def picture_data(service: Service, picture: Picture, shape: Shape) -> PictureData:
    if shape.asked.response_format == "url":
        url = f"{shape.gallery}{picture.id}"
        return PictureData(url=url, seed=picture.seed, id=picture.id)
    try:
        png = service.scheduler.folder.picture(picture.id).read_bytes()
    except FileNotFoundError:
        raise Refusal(410, "The picture was removed from the gallery.", "removed") from None
    data = encoded(png, shape.asked.output_format, shape.asked.output_compression)
    return PictureData(b64_json=base64_of(data), seed=picture.seed, id=picture.id)


async def stream(
    service: Service, job: Job, request: Request, shape: Shape, names: Names
) -> AsyncIterator[str]:
    """A completed event for each picture, with `partial_images` previews before it."""
    try:
        async for text in _stream(service, job, request, shape, names):
            yield text
    except Refusal as refusal:
        yield event("error", {"type": "error", **refusal.openai()})
    except Exception as error:
        log_unexpected(error)
        refusal = Refusal(500, "This is a defect of the server; its log has more.")
        yield event("error", {"type": "error", **refusal.openai()})


async def _stream(
    service: Service, job: Job, request: Request, shape: Shape, names: Names
) -> AsyncIterator[str]:
    yield KEEP_ALIVE  # the header goes out at once
    shown = sent = 0
    over = False
    async for happened in events(service, job, request):
        if happened is None:
            yield KEEP_ALIVE
            continue
        if happened.name == "started":
            shown = 0
        if happened.step and _is_due(happened.step, shown, shape.asked.partial_images):
            data = await asyncio.to_thread(_preview, happened.step, job, shape)
            yield event(
                names.partial, {**_common(job, shape), **data, "partial_image_index": shown}
            )
            shown += 1
        over = happened.name == "ended"
        while sent < len(job.pictures):  # also those that were there before
            yield await asyncio.to_thread(_completed, service, job, sent, shape, names)
            sent += 1
    if not over:
        return  # the client has gone
    if refusal := job.refusal():
        raise refusal
    service.scheduler.answered(job)


def _completed(service: Service, job: Job, place: int, shape: Shape, names: Names) -> str:
    picture = job.pictures[place]
    data = picture_data(service, picture, shape).model_dump(exclude_none=True)
    size = f"{picture.width}x{picture.height}"
    told = {**_common(job, shape), **data, "size": size, "usage": Usage().model_dump()}
    return event(names.completed, {"type": names.completed, **told})


def event(name: str, data: dict[str, Any]) -> str:
    text = json.dumps({"type": name, **data}, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n"


def _is_due(step: Step, shown: int, wanted: int) -> bool:
    """The previews are spread evenly over the steps; after the last comes the picture itself."""
    return (
        step.preview is not None
        and shown < wanted
        and step.step * (wanted + 1) >= (shown + 1) * step.total
        and step.step < step.total
    )


def _preview(step: Step, job: Job, shape: Shape) -> dict[str, Any]:
    assert step.preview is not None
    params = job.record.params
    size = (params.width or 0, params.height or 0)
    form, quality = shape.asked.output_format, shape.asked.output_compression
    data = encoded_preview(step.preview, size, form, quality)
    return {"b64_json": base64_of(data), "size": f"{size[0]}x{size[1]}"}


def _common(job: Job, shape: Shape) -> dict[str, Any]:
    return {
        "created_at": int(time.time()),
        "background": "opaque",
        "output_format": shape.asked.output_format,
        "quality": shape.asked.quality,
    }
