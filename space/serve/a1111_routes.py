"""The routes of AUTOMATIC1111's web UI that draw: /sdapi/v1."""

import asyncio
import time
from collections import OrderedDict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from zanime.serve import a1111_lists
from zanime.serve.a1111_info import info_of, texts_of
from zanime.serve.a1111_models import (
    ImagesAnswer,
    ImgRequest,
    PngInfo,
    PngInfoRequest,
    Progress,
    ProgressState,
    Settings,
    TextRequest,
    TxtRequest,
)
from zanime.serve.encoding import base64_of, encoded_preview
from zanime.serve.errors import Refusal
from zanime.serve.jobs import Job
from zanime.serve.jobs_models import PlainError
from zanime.serve.orders import Order
from zanime.serve.service import Service, attended, caller_of, service_of
from zanime.serve.uploads import Raster, from_base64, grey_mask

_STATUSES = (400, 401, 403, 404, 413, 421, 422, 429, 500, 503, 507)
_ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": PlainError} for status in _STATUSES}

router = APIRouter(prefix="/sdapi/v1", tags=["A1111"], responses=_ERRORS)
router.include_router(a1111_lists.router)

_MOST_CHOICES = 1000


class Choices:
    """The checkpoint that a caller set with /options, for that caller alone and while the process
    lives. Nothing of the server is configured by it."""

    def __init__(self) -> None:
        self._models: OrderedDict[str, str] = OrderedDict()

    def of(self, caller: str) -> str:
        return self._models.get(caller, "")

    def set(self, caller: str, model: str) -> None:
        self._models[caller] = model
        self._models.move_to_end(caller)
        if len(self._models) > _MOST_CHOICES:
            self._models.popitem(last=False)


_choices = Choices()


@router.post("/txt2img", operation_id="txt2img")
async def txt2img(body: TxtRequest, request: Request) -> ImagesAnswer:
    """Pictures from a prompt."""
    return await _answer(body, request, None, None)


@router.post("/img2img", operation_id="img2img")
async def img2img(body: ImgRequest, request: Request) -> ImagesAnswer:
    """Pictures from a picture, where a mask is white or everywhere."""
    if len(body.init_images) != 1:
        raise Refusal(
            422, "init_images must hold exactly one picture.", "invalid_image", "init_images"
        )
    image = from_base64(body.init_images[0], "init_images")
    mask = None
    if body.mask:
        given = from_base64(body.mask, "mask")
        inverted = bool(body.inpainting_mask_invert)
        mask = await asyncio.to_thread(grey_mask, given, inverted, body.mask_blur, "mask")
    return await _answer(body, request, image, mask)


@router.post("/interrupt", operation_id="interrupt")
async def interrupt(request: Request) -> dict[str, str]:
    """Stops the caller's jobs of these routes; the others go on."""
    for job in _drawing_here(request):
        service_of(request).scheduler.cancel(job)
    return {}


@router.post("/skip", operation_id="skip")
async def skip(request: Request) -> dict[str, str]:
    """As /interrupt, of the job that is drawn."""
    for job in _drawing_here(request)[:1]:
        service_of(request).scheduler.cancel(job)
    return {}


@router.get("/progress", operation_id="progress")
async def progress(
    request: Request, skip_current_image: Annotated[bool, Query()] = False
) -> Progress:
    """Of the caller's job that is drawn."""
    jobs = _drawing_here(request)
    if not jobs:
        return Progress(progress=0.0, eta_relative=0.0, state=ProgressState())
    job = jobs[0]
    return await asyncio.to_thread(_progress, job, len(jobs), not skip_current_image)


@router.get("/options", operation_id="get_options")
async def options(request: Request) -> dict[str, Any]:
    service = service_of(request)
    return _options(service, _choices.of(caller_of(request).name))


@router.post("/options", operation_id="set_options")
async def set_options(body: Annotated[dict[str, Any], Body()], request: Request) -> dict[str, str]:
    """The whole object or a part of it. Only `sd_model_checkpoint` counts, for this caller."""
    settings = Settings.model_validate({"sd_model_checkpoint": body.get("sd_model_checkpoint")})
    if settings.sd_model_checkpoint:
        model = _chosen(service_of(request), settings.sd_model_checkpoint)
        _choices.set(caller_of(request).name, model)
    return {}


@router.post("/png-info", operation_id="png_info")
async def png_info(body: PngInfoRequest) -> PngInfo:
    """The texts of a picture; `info` is the readable one."""
    texts = await asyncio.to_thread(texts_of, from_base64(body.image, "image"))
    return PngInfo(info=texts.get("parameters", ""), items=texts)


def _drawing_here(request: Request) -> list[Job]:
    """The caller's jobs of these routes; what is drawn comes first."""
    jobs = service_of(request).scheduler.jobs_of(caller_of(request))
    mine = [job for job in jobs if job.record.kind == "a1111"]
    return sorted(mine, key=lambda job: job.state != "running")


def _chosen(service: Service, title: str) -> str:
    """A file by its title, with what old versions put behind it in brackets, or without suffix."""
    name = title.partition(" [")[0].strip()
    for model in service.engine.models("diffusion_models"):
        if name in (model, model.rpartition(".")[0]):
            return model
    raise Refusal(
        404, "There is no such checkpoint; /sdapi/v1/sd-models lists them.", "model_not_found",
        "sd_model_checkpoint",
    )  # fmt: skip


def _options(service: Service, chosen: str) -> dict[str, Any]:
    return {
        "samples_save": True,
        "samples_format": "png",
        "sd_model_checkpoint": chosen or a1111_lists.default_model(service),
        "sd_checkpoint_hash": "",
        "sd_vae": "Automatic",
        "CLIP_stop_at_last_layers": 1,
        "enable_pnginfo": True,
        "save_images_add_number": True,
        "show_progress_every_n_steps": 1,
    }


def _progress(job: Job, count: int, with_image: bool) -> Progress:
    done = len(job.pictures)
    step, total = (job.step.step, job.step.total) if job.step else (0, 0)
    share = (done + (step / total if total else 0.0)) / job.record.count
    preview = None
    if with_image and job.step and job.step.preview is not None:
        params = job.record.params
        size = (params.width or 0, params.height or 0)
        preview = base64_of(encoded_preview(job.step.preview, size, "png", 0))
    took = time.time() - job.record.created
    return Progress(
        progress=max(share, 0.001),  # 0 means that nothing is to be done
        eta_relative=took / share - took if share else 0.0,
        state=ProgressState(
            job=job.id,
            job_count=count,
            job_timestamp=str(int(job.record.created)),
            job_no=done,
            sampling_step=step,
            sampling_steps=total,
        ),
        current_image=preview,
    )


async def _answer(
    body: TextRequest, request: Request, image: Raster | None, mask: Raster | None
) -> ImagesAnswer:
    service, caller = service_of(request), caller_of(request)
    wanted = body.override_settings.sd_model_checkpoint
    model = _chosen(service, wanted) if wanted else _choices.of(caller.name)
    order = Order(
        members={**body.members(), "model": model},
        count=body.count,
        kind="a1111",
        image=image,
        mask=mask,
    )
    job = await service.scheduler.order(order, caller)
    await attended(service, job, request)
    refusal = job.refusal()
    if refusal and job.state != "cancelled":  # after an interrupt, what there is
        raise refusal
    images = []
    if body.send_images:
        images = [await asyncio.to_thread(_image, service, picture.id) for picture in job.pictures]
    told = body.model_dump(exclude={"init_images", "mask", "override_settings"})
    return ImagesAnswer(images=images, parameters=told, info=info_of(job, body))


def _image(service: Service, picture: str) -> str:
    try:
        return base64_of(service.scheduler.folder.picture(picture).read_bytes())
    except FileNotFoundError:
        raise Refusal(410, "The picture was removed from the gallery.", "removed") from None
