"""What AUTOMATIC1111's clients ask for before they draw: names, and lists that are empty here."""

import os
from typing import Any

import zanime
from fastapi import APIRouter, Request
from zanime.serve import a1111_names as names
from zanime.serve.a1111_models import (
    Embeddings,
    LoraFile,
    ModelFile,
    Named,
    Sampler,
    ScheduleType,
    Script,
    Upscaler,
    Vae,
)
from zanime.serve.metrics import resident_bytes
from zanime.serve.service import Service, service_of

router = APIRouter()


@router.get("/samplers", operation_id="samplers")
async def samplers() -> list[Sampler]:
    return [Sampler(name=shown, aliases=[name]) for shown, name in names.samplers()]


@router.get("/schedulers", operation_id="schedulers")
async def schedulers() -> list[ScheduleType]:
    automatic = ScheduleType(name="automatic", label="Automatic")
    known = [ScheduleType(name=name, label=shown) for shown, name in names.schedulers()]
    return [automatic, *known]


@router.get("/sd-models", operation_id="sd_models")
async def sd_models(request: Request) -> list[ModelFile]:
    """The default one first."""
    service = service_of(request)
    default = default_model(service)
    files = service.engine.models("diffusion_models")
    ordered = sorted(files, key=lambda name: name != default)
    return [ModelFile(title=name, model_name=_stem(name), filename=name) for name in ordered]


@router.get("/sd-vae", operation_id="sd_vae")
async def sd_vae(request: Request) -> list[Vae]:
    return _files(service_of(request), "vae")


@router.get("/sd-modules", operation_id="sd_modules")
async def sd_modules(request: Request) -> list[Vae]:
    """Forge's list: autoencoders and text encoders."""
    service = service_of(request)
    return _files(service, "vae") + _files(service, "text_encoders")


@router.get("/loras", operation_id="loras")
async def loras(request: Request) -> list[LoraFile]:
    files = service_of(request).engine.models("loras")
    return [LoraFile(name=_stem(name), alias=_stem(name), path=name) for name in files]


@router.get("/upscalers", operation_id="upscalers")
async def upscalers() -> list[Upscaler]:
    return [Upscaler(name="None", scale=1), Upscaler(name="Lanczos")]


@router.get("/latent-upscale-modes", operation_id="latent_upscale_modes")
async def latent_upscale_modes() -> list[Named]:
    return [Named(name="Latent")]


@router.get("/memory", operation_id="memory")
async def memory() -> dict[str, dict[str, Any]]:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    free = os.sysconf("SC_AVPHYS_PAGES") * size
    return {
        "ram": {"free": free, "used": resident_bytes(os.getpid()), "total": pages * size},
        "cuda": {},
    }


@router.get("/cmd-flags", operation_id="cmd_flags")
async def cmd_flags() -> dict[str, Any]:
    return {"api": True, "nowebui": False}


@router.get("/scripts", operation_id="scripts")
async def scripts() -> Script:
    return Script()


@router.get("/script-info", operation_id="script_info")
async def script_info() -> list[dict[str, Any]]:
    return []


@router.get("/extensions", operation_id="extensions")
async def extensions() -> list[dict[str, Any]]:
    return []


@router.get("/embeddings", operation_id="embeddings")
async def embeddings() -> Embeddings:
    return Embeddings()


@router.get("/prompt-styles", operation_id="prompt_styles")
async def prompt_styles() -> list[dict[str, Any]]:
    return []


@router.get("/face-restorers", operation_id="face_restorers")
async def face_restorers() -> list[dict[str, Any]]:
    return []


@router.get("/hypernetworks", operation_id="hypernetworks")
async def hypernetworks() -> list[dict[str, Any]]:
    return []


@router.get("/realesrgan-models", operation_id="realesrgan_models")
async def realesrgan_models() -> list[dict[str, Any]]:
    return []


# Files are looked up whenever they are asked for, so there is nothing to do.
@router.post("/refresh-checkpoints", operation_id="refresh_checkpoints")
async def refresh_checkpoints() -> dict[str, str]:
    return {}


@router.post("/refresh-vae", operation_id="refresh_vae")
async def refresh_vae() -> dict[str, str]:
    return {}


@router.post("/refresh-loras", operation_id="refresh_loras")
async def refresh_loras() -> dict[str, str]:
    return {}


@router.post("/refresh-embeddings", operation_id="refresh_embeddings")
async def refresh_embeddings() -> dict[str, str]:
    return {}


def default_model(service: Service) -> str:
    try:
        return service.engine.complete(zanime.GenerationParams()).model
    except zanime.ZanimeError:  # files are missing; whoever draws is told
        return ""


def _files(service: Service, folder: str) -> list[Vae]:
    return [Vae(model_name=name, filename=name) for name in service.engine.models(folder)]


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
