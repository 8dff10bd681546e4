"""The multipart body of /v1/images/edits."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from zanime.serve.errors import Refusal
from zanime.serve.openai_models import ImageRequest
from zanime.serve.uploads import Raster, raster

_IMAGE_NAMES = ("image", "image[]")
_FILE = {"type": "string", "format": "binary"}

# For the OpenAPI description: the fields of ImageRequest, and the files.
EDIT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image", "prompt"],
                    "properties": {
                        "image": {**_FILE, "description": "PNG, JPEG or WebP; or as image[]."},
                        "mask": {**_FILE, "description": "Transparent where it may change."},
                        "prompt": {"type": "string", "minLength": 1},
                        "model": {"type": "string"},
                        "n": {"type": "integer", "minimum": 1, "maximum": 10},
                        "size": {"type": "string"},
                        "strength": {"type": "number", "minimum": 0, "maximum": 1},
                        "seed": {"type": "integer"},
                        "steps": {"type": "integer", "minimum": 1},
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True)
class Edit:
    fields: ImageRequest
    image: Raster
    mask: Raster | None
    parts: list[bytes]  # of the digest: names and contents, without the form's boundary


async def read_edit(request: Request) -> Edit:
    """Raises Refusal and RequestValidationError."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refusal(400, "The body must be multipart/form-data.", "invalid_body")
    texts: dict[str, Any] = {}
    files: dict[str, list[bytes]] = {}
    parts: list[bytes] = []
    async with request.form(max_files=20, max_fields=100) as form:
        for name, value in form.multi_items():
            content = await value.read() if isinstance(value, UploadFile) else value.encode()
            parts += [name.encode(), content]
            if isinstance(value, UploadFile):
                files.setdefault(name, []).append(content)
            else:
                texts[name] = value
    images = [content for name in _IMAGE_NAMES for content in files.get(name, [])]
    if len(images) != 1:
        raise Refusal(
            400, f"{len(images)} pictures came as image; this model starts from exactly one.",
            "invalid_image", "image",
        )  # fmt: skip
    masks = files.get("mask", [])
    return Edit(
        _fields(texts),
        raster(images[0], "image"),
        raster(masks[0], "mask") if masks else None,
        parts,
    )


def _fields(texts: dict[str, Any]) -> ImageRequest:
    if "lora" in texts:
        try:
            texts["lora"] = json.loads(texts["lora"])
        except (ValueError, RecursionError):
            raise Refusal(400, "lora is not JSON.", "invalid_value", "lora") from None
    try:
        # A form has no other way to say that a field is absent.
        return ImageRequest.model_validate({k: v for k, v in texts.items() if v != ""})
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False)) from None
