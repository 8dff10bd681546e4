"""Enough of PNG (8-bit RGB, not interlaced) to tell whether two engines made the same picture."""

import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

from .request import PeerError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB, _RGBA = 2, 6


class Picture(NamedTuple):
    width: int
    height: int
    pixels: bytes  # red, green, blue, row by row


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def _unfilter(data: bytes, width: int, height: int, channels: int) -> bytes:
    stride = width * channels
    before = bytearray(stride)
    rows = bytearray()
    for y in range(height):
        kind, *_ = data[y * (stride + 1) : y * (stride + 1) + 1]
        row = bytearray(data[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for i in range(stride) if kind else ():
            left = row[i - channels] if i >= channels else 0
            corner = before[i - channels] if i >= channels else 0
            above = before[i]
            guess = (0, left, above, (left + above) // 2, _paeth(left, above, corner))[kind]
            row[i] = (row[i] + guess) & 255
        rows += row
        before = row
    return bytes(rows)


def read_png(path: Path) -> Picture:
    data = path.read_bytes()
    if not data.startswith(_SIGNATURE):
        raise PeerError(f"{path} is no PNG file")
    header, packed, at = None, b"", len(_SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from("!I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        at += length + 12
        if kind == b"IHDR":
            header = struct.unpack("!IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
    width, height, depth, color, _, _, interlaced = header or (0,) * 7
    if depth != 8 or color not in (_RGB, _RGBA) or interlaced:
        raise PeerError(
            f"{path} has depth {depth}, colour type {color}, interlacing {interlaced}; expected an "
            "8-bit RGB picture without interlacing"
        )
    channels = 3 if color == _RGB else 4
    pixels = _unfilter(zlib.decompress(packed), width, height, channels)
    if channels == 4:
        pixels = bytes(value for i, value in enumerate(pixels) if i % 4 != 3)
    return Picture(width, height, pixels)


def psnr(one: Picture, other: Picture) -> float:
    """Decibels; infinite for equal pictures."""
    if one[:2] != other[:2]:
        raise PeerError(
            f"pictures of {one.width} x {one.height} and {other.width} x {other.height} pixels"
        )
    squares = sum((a - b) ** 2 for a, b in zip(one.pixels, other.pixels, strict=True))
    if squares == 0:
        return math.inf
    return 10 * math.log10(255**2 * len(one.pixels) / squares)
