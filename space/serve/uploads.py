"""Pictures that callers send. Only bytes: an address is told so and never asked."""

import base64
import binascii
import io
import re
import warnings
from dataclasses import dataclass

import PIL.Image
import PIL.ImageFilter
import PIL.ImageOps
from zanime.serve.errors import Refusal

_MOST_PIXELS = 64_000_000
_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
_DATA_URL = re.compile(r"data:[\w./+;=-]{0,100},", re.ASCII)


@dataclass(frozen=True)
class Raster:
    data: bytes
    suffix: str  # .png, .jpg or .webp
    width: int
    height: int


def raster(data: bytes, param: str) -> Raster:
    """A PNG, JPEG or WebP by its first bytes, not by its name. Only the size is read here."""
    try:
        with (
            warnings.catch_warnings(),
            PIL.Image.open(io.BytesIO(data), formats=[*_SUFFIXES]) as it,
        ):
            warnings.simplefilter("ignore")  # of a large picture: refused below
            width, height, suffix = it.width, it.height, _SUFFIXES[it.format or ""]
    except PIL.Image.DecompressionBombError:
        raise Refusal(
            400,
            f"{param} has too many pixels; the most is {_MOST_PIXELS}.",
            "image_too_large",
            param,
        ) from None
    except Exception:  # its readers raise whatever a damaged file brings them to
        raise Refusal(
            400, f"{param} is no PNG, JPEG or WebP picture.", "invalid_image", param
        ) from None
    if width * height > _MOST_PIXELS:
        raise Refusal(
            400, f"{param} has {width} x {height} pixels; the most is {_MOST_PIXELS}.",
            "image_too_large", param,
        )  # fmt: skip
    return Raster(data, suffix, width, height)


def from_base64(text: str, param: str) -> Raster:
    """Bare, or as a data URL."""
    if re.match(r"\s*(https?|file|ftp)://", text, re.IGNORECASE):
        raise Refusal(
            400, f"{param} is an address. This server fetches nothing: send the picture itself, in "
            "base64.", "invalid_image", param,
        )  # fmt: skip
    if found := _DATA_URL.match(text):
        text = text[found.end() :]
    try:
        data = base64.b64decode(re.sub(r"\s", "", text), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(400, f"{param} is not base64.", "invalid_image", param) from None
    return raster(data, param)


def grey_mask(mask: Raster, inverted: bool, blur: float, param: str) -> Raster:
    """White where the picture may change. Of one that is transparent in places the opaque ones are
    white, as A1111 reads it."""
    try:
        with PIL.Image.open(io.BytesIO(mask.data)) as it:
            it.load()
            alpha = it.convert("RGBA").getchannel("A")
            grey = it.convert("L") if alpha.getextrema() == (255, 255) else alpha
    except Exception:  # as above
        raise Refusal(400, f"{param} is damaged.", "invalid_image", param) from None
    if inverted:
        grey = PIL.ImageOps.invert(grey)
    if blur > 0:
        grey = grey.filter(PIL.ImageFilter.GaussianBlur(min(blur, 64.0)))
    file = io.BytesIO()
    grey.save(file, "PNG")
    return Raster(file.getvalue(), ".png", grey.width, grey.height)
