"""Pictures as answers carry them."""

import base64
import io
from typing import Literal

import numpy as np
import PIL.Image

Format = Literal["png", "jpeg", "webp"]
MEDIA_TYPES: dict[str, str] = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


def encoded(png: bytes, form: Format, quality: int) -> bytes:
    """The engine's file itself, which carries its graph, or another form of its pixels."""
    if form == "png":
        return png
    with PIL.Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        return _saved(image.convert("RGB"), form, quality)


def encoded_preview(pixels: np.ndarray, size: tuple[int, int], form: Format, quality: int) -> bytes:
    """At the size (width, height) that the picture will have."""
    return _saved(PIL.Image.fromarray(pixels).resize(size), form, quality)


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _saved(image: PIL.Image.Image, form: Format, quality: int) -> bytes:
    file = io.BytesIO()
    options = {} if form == "png" else {"quality": max(1, quality)}
    image.save(file, form.upper(), **options)
    return file.getvalue()
