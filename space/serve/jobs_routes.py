"""/zanime/v1: jobs that last, and the gallery of what they made."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from zanime.serve.errors import Refusal
from zanime.serve.jobs import Event, Job
from zanime.serve.jobs_models import (
    Gallery,
    JobInfo,
    JobList,
    JobRequest,
    PictureInfo,
    PlainError,
)
from zanime.serve.openai_events import KEEP_ALIVE, event
from zanime.serve.orders import Order
from zanime.serve.service import Service, caller_of, digest_of, events, key_of, service_of
from zanime.serve.store import Picture
from zanime.serve.uploads import from_base64

_STATUSES = (400, 401, 403, 404, 410, 413, 421, 422, 429, 500, 503, 507)
_ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": PlainError} for status in _STATUSES}

router = APIRouter(prefix="/zanime/v1", tags=["jobs"], responses=_ERRORS)

JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
PictureId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}-[0-9]{1,4}$")]


@router.post("/jobs", status_code=202, operation_id="create_job")
async def create(body: JobRequest, request: Request, response: Response) -> JobInfo:
    """Queues pictures and answers at once. They are drawn whatever becomes of the connection and
    of the server's process."""
    service = service_of(request)
    order = Order(
        members=body.members(),
        count=body.count,
        key=key_of(request),
        digest=digest_of(request, await request.body()),
        image=from_base64(body.init_image, "init_image") if body.init_image else None,
        mask=from_base64(body.mask, "mask") if body.mask else None,
    )
    job = await service.scheduler.order(order, caller_of(request))
    response.headers["location"] = f"/zanime/v1/jobs/{job.id}"
    return _info(service, job)


@router.get("/jobs", operation_id="list_jobs")
async def jobs(request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> JobList:
    """The caller's, newest first."""
    service, caller = service_of(request), caller_of(request)
    records = service.scheduler.store.jobs(caller.name, limit)
    found = [service.scheduler.find(record.id, caller.owner) for record in records]
    return JobList(jobs=[_info(service, job) for job in found if job])


@router.get("/jobs/{id}", operation_id="get_job")
async def job(id: JobId, request: Request) -> JobInfo:
    return _info(service_of(request), _found(request, id))


@router.delete("/jobs/{id}", operation_id="cancel_job")
async def cancel(id: JobId, request: Request) -> JobInfo:
    """Stops it. Pictures that are finished stay in the gallery."""
    service, job = service_of(request), _found(request, id)
    service.scheduler.cancel(job)
    return _info(service, job)


@router.get(
    "/jobs/{id}/events",
    operation_id="job_events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def job_events(id: JobId, request: Request) -> StreamingResponse:
    """Server-sent events: `job` at first and at each change, `step`, `picture`, at last `ended`."""
    service, job = service_of(request), _found(request, id)
    return StreamingResponse(
        _events(service, job, request),
        media_type="text/event-stream",
        headers={"cache-control": "no-store"},
    )


@router.get("/gallery", operation_id="list_gallery")
async def gallery(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
) -> Gallery:
    """What programs had drawn, newest first."""
    store, owner = service_of(request).scheduler.store, caller_of(request).owner
    pictures = store.gallery(owner, limit, before)
    more = pictures[-1].number if len(pictures) == limit else None
    return Gallery(pictures=[_picture(picture) for picture in pictures], next=more)


@router.get(
    "/gallery/{id}",
    operation_id="get_picture",
    response_class=FileResponse,
    responses={200: {"content": {"image/png": {}}}},
)
async def picture(id: PictureId, request: Request) -> FileResponse:
    """The PNG file, with the graph that makes it again."""
    found = _owned(request, id)
    path = service_of(request).scheduler.folder.picture(found.id)
    if not path.exists():
        raise Refusal(410, "The picture's file was removed.", "removed")
    header = {"cache-control": "private, max-age=31536000, immutable"}
    return FileResponse(path, media_type="image/png", headers=header)


@router.delete("/gallery/{id}", status_code=204, operation_id="delete_picture")
async def remove(id: PictureId, request: Request) -> Response:
    found = _owned(request, id)
    scheduler = service_of(request).scheduler
    scheduler.folder.remove_picture(found.id)
    scheduler.store.remove_picture(found.id)
    return Response(status_code=204)


def _found(request: Request, id: str) -> Job:
    found = service_of(request).scheduler.find(id, caller_of(request).owner)
    if found is None:
        raise Refusal(404, "There is no such job.", "not_found")
    return found


def _owned(request: Request, id: str) -> Picture:
    found = service_of(request).scheduler.store.picture(caller_of(request).owner, id)
    if found is None:
        raise Refusal(404, "There is no such picture.", "not_found")
    return found


async def _events(service: Service, job: Job, request: Request) -> AsyncIterator[str]:
    yield event("job", _info(service, job).model_dump())
    async for happened in events(service, job, request):
        yield KEEP_ALIVE if happened is None else _event(service, job, happened)


def _event(service: Service, job: Job, happened: Event) -> str:
    if happened.step:
        step = happened.step
        told = {"step": step.step, "steps": step.total, "seconds": step.seconds}
        return event("step", {**told, "place": len(job.pictures)})
    if happened.picture:
        return event("picture", _picture(happened.picture).model_dump())
    name = "ended" if happened.name == "ended" else "job"
    return event(name, _info(service, job).model_dump())


def _picture(picture: Picture) -> PictureInfo:
    facts = {**vars(picture), "seed": str(picture.seed)}
    del facts["owner"]
    return PictureInfo(**facts, url=f"/zanime/v1/gallery/{picture.id}")


def _info(service: Service, job: Job) -> JobInfo:
    record = job.record
    return JobInfo.model_validate(
        {
            "id": job.id,
            "state": job.state,
            "count": record.count,
            "position": service.scheduler.position(job),
            "step": job.step.step if job.step else 0,
            "steps": job.step.total if job.step else 0,
            "seed": str(record.params.seed),
            "created": record.created,
            "ended": record.ended,
            "error": job.error,
            "pictures": [_picture(picture) for picture in job.pictures],
        }
    )
