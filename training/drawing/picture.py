"""Puts a picture together, back to front."""

from __future__ import annotations

import random

import numpy as np

from drawing import accessories, background, clothes, face, palette
from drawing.attributes import Attributes
from drawing.brush import SIZE, Brush
from drawing.hair import Hair

_SCALE = {"normal": (0.88, 0.92), "close-up": (1.03, 1.07), "from afar": (0.76, 0.79)}


def render(attributes: Attributes, seed: int, size: int = SIZE) -> np.ndarray:
    """The picture of `attributes` that belongs to `seed`: uint8 [size, size, 3], RGB."""
    a, rng = attributes, random.Random(seed)
    brush = Brush(size)
    background.draw(brush, a.background, rng)

    turn = rng.uniform(-3.0, 3.0)
    tilt = rng.uniform(-5.0, 5.0)
    scale = rng.uniform(*_SCALE[a.framing])
    x = SIZE / 2 + rng.uniform(-3, 3)
    y = {"normal": 57, "close-up": 59, "from afar": 62}[a.framing] + rng.uniform(-2, 2)
    side = rng.choice((-1, 1))
    look = rng.uniform(-0.8, 0.8) + 0.25 * turn

    skin = rng.choice(palette.SKINS)
    paint = palette.HAIR[a.hair_color]
    cloth = palette.CLOTHES[a.clothes_color]
    neckerchief = palette.trim_for(rng, a.clothes_color)
    trim = palette.trim_for(rng, a.hair_color)
    hair = Hair(a.hair_style, a.bangs, paint, trim, side, rng)

    with brush.moved(x, y, scale):
        with brush.moved(degrees=tilt * 0.6):
            hair.draw_back(brush)
        face.draw_neck(brush, skin, turn)
        with brush.moved(tilt * -0.1, 37):
            clothes.draw(brush, a.clothes, cloth, neckerchief, skin)
        with brush.moved(degrees=tilt):
            hair.prepare_front(turn)
            face.draw_ears(brush, skin)
            face.draw_head(brush, skin, turn)
            hair.draw_shadow(brush, skin, face.outline(turn))
            face.draw_features(brush, skin, a.eye_color, a.expression, turn, look, paint, rng)
            hair.draw_locks(brush)
            accessories.draw_behind_front_hair(brush, a.accessory, paint, rng)
            hair.draw_front(brush)
            accessories.draw_in_front(brush, a.accessory, trim, turn, -side)
    return brush.pixels()
