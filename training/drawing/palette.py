"""Colours: each paint has the tones a cel picture needs (flat, shade, light, line)."""

from __future__ import annotations

import dataclasses
import random

Color = tuple[float, float, float]  # 0..1


def rgb(text: str) -> Color:
    return tuple(int(text[i : i + 2], 16) / 255 for i in (0, 2, 4))


def mix(a: Color, b: Color, t: float) -> Color:
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def multiply(a: Color, b: Color) -> Color:
    return tuple(x * y for x, y in zip(a, b))


@dataclasses.dataclass(frozen=True)
class Paint:
    flat: Color
    shade: Color
    light: Color
    line: Color


_COOL = rgb("8f86c8")
_INK = rgb("2a1a2e")


def paint(flat: Color, shade: Color | None = None, light: float = 0.45) -> Paint:
    shade = shade or mix(multiply(flat, (0.74, 0.68, 0.78)), multiply(flat, _COOL), 0.35)
    return Paint(
        flat, shade, mix(flat, (1.0, 1.0, 1.0), light), mix(multiply(shade, shade), _INK, 0.55)
    )


HAIR = {
    "black": Paint(rgb("3b3844"), rgb("25222d"), rgb("757a96"), rgb("131018")),
    "brown": Paint(rgb("8a5638"), rgb("643827"), rgb("c08a5e"), rgb("33180f")),
    "blonde": Paint(rgb("f8d978"), rgb("dba94f"), rgb("fff3c4"), rgb("74461a")),
    "red": Paint(rgb("d8383c"), rgb("9f2238"), rgb("ff8a78"), rgb("490c1c")),
    "pink": Paint(rgb("fba6c6"), rgb("dd74a4"), rgb("ffdcea"), rgb("7a2a54")),
    "blue": Paint(rgb("4f86e6"), rgb("345bb8"), rgb("a4cdff"), rgb("172554")),
    "green": Paint(rgb("58b96e"), rgb("358a5a"), rgb("b2ecae"), rgb("123f2e")),
    "purple": Paint(rgb("9a63d2"), rgb("6f3fa6"), rgb("d2adf6"), rgb("321550")),
    "white": Paint(rgb("eef0f7"), rgb("bcc0d8"), rgb("ffffff"), rgb("585a78")),
}

# (dark top, body, glowing bottom, rim)
EYES = {
    "blue": (rgb("12307c"), rgb("2a78e0"), rgb("8fe0ff"), rgb("0b1a4a")),
    "red": (rgb("6a0818"), rgb("dc1f35"), rgb("ff9a86"), rgb("3a0410")),
    "green": (rgb("0a5034"), rgb("1fae5c"), rgb("aef59a"), rgb("06301f")),
    "purple": (rgb("3a1478"), rgb("8a3ee0"), rgb("dca6ff"), rgb("230a4c")),
    "golden": (rgb("a85a08"), rgb("f6b414"), rgb("fff39a"), rgb("5a2c04")),
    "brown": (rgb("341a10"), rgb("704022"), rgb("b98254"), rgb("1e0c06")),
}

CLOTHES = {
    "white": Paint(rgb("f7f6fb"), rgb("c9c8de"), rgb("ffffff"), rgb("5a5874")),
    "black": Paint(rgb("3c3b48"), rgb("26242f"), rgb("62627a"), rgb("121018")),
    "red": paint(rgb("d43a42")),
    "blue": paint(rgb("3f66c4")),
    "green": paint(rgb("3f9e62")),
    "yellow": paint(rgb("f6cf52"), rgb("d39f34")),
    "pink": paint(rgb("f79cc0")),
    "purple": paint(rgb("8a56be")),
}

PLAIN = {
    "white": (rgb("ffffff"), rgb("eef0f6")),
    "gray": (rgb("b4b7c0"), rgb("8d919d")),
    "pink": (rgb("ffd0e0"), rgb("fba9c8")),
    "red": (rgb("e4525a"), rgb("bf2c40")),
    "yellow": (rgb("fff0a0"), rgb("fbd95c")),
    "green": (rgb("b8ecb0"), rgb("7fcf86")),
    "blue": (rgb("b4e0ff"), rgb("74b8f4")),
    "purple": (rgb("d2baf6"), rgb("a580dc")),
}

SKINS = (
    Paint(rgb("ffe6d6"), rgb("f4b9a4"), rgb("fff5ec"), rgb("7a3f3c")),
    Paint(rgb("fddcc4"), rgb("eeab90"), rgb("fff0e2"), rgb("6f3830")),
)

# Ribbons, hairbands, hair ties and neckerchiefs, in no caption: they take a colour that stands out.
TRIM = {
    "red": paint(rgb("e23a4e")),
    "blue": paint(rgb("3a6ee0")),
    "yellow": paint(rgb("fbd34a"), rgb("d8992e")),
    "white": paint(rgb("fbfaff"), rgb("c8c8e0")),
}


def trim_for(rng: random.Random, *avoid: str) -> Paint:
    near = {"pink": "red", "blonde": "yellow", "purple": "blue"}
    taken = {near.get(name, name) for name in avoid}
    free = [name for name in ("red", "blue", "yellow", "white") if name not in taken]
    return TRIM[free[0] if rng.random() < 0.7 else rng.choice(free)]
