"""Neck, face, ears, eyes, brows, nose, mouth. Head coordinates: origin between the ears, chin at y = 31."""

from __future__ import annotations

from drawing import palette
from drawing.brush import oval, path_of
from drawing.palette import mix, rgb

EYE_X, EYE_Y = 13.2, 6.5


def outline(turn):
    c = turn * 1.0  # where the chin goes
    return path_of(
        [
            (-26, -12),
            (-26, 4),
            (-23.2, 15),
            (-16 + 0.5 * c, 23.5),
            (-6 + c, 29.8),
            (c, 31),
            (6 + c, 29.8),
            (16 + 0.5 * c, 23.5),
            (23.2, 15),
            (26, 4),
            (26, -12),
            (14, -30),
            (-14, -30),
        ]
    )


def draw_neck(brush, skin, turn):
    neck = path_of([(-8, 18, 1), (-8, 34), (-12, 40, 1), (12, 40, 1), (8, 34), (8, 18, 1)])
    brush.shape(neck, skin.flat, skin.line)
    with brush.within(neck):
        brush.fill(
            path_of([(-12, 18, 1), (12, 18, 1), (12, 33), (turn, 37), (-12, 33)]), skin.shade
        )


def draw_ears(brush, skin):
    for side in (-1, 1):
        ear = path_of(
            [(side * 24, 2), (side * 29, 1), (side * 29.6, 7), (side * 26.6, 13), (side * 23, 12)]
        )
        brush.shape(ear, skin.flat, skin.line)
        brush.stroke(
            (side * 27.6, 4), (side * 25.6, 4), (side * 27, 8), (side * 25.4, 10), skin.shade, 1.4
        )


def draw_head(brush, skin, turn):
    head = outline(turn)
    brush.shape(head, skin.flat, skin.line, 1.2)
    with brush.within(head):
        side = -1 if turn > 0 else 1
        brush.fill(
            path_of(
                [
                    (side * 27, -4),
                    (side * 22, 8),
                    (side * 17, 21),
                    (turn + side * 4, 33, 1),
                    (side * 27, 30, 1),
                ]
            ),
            mix(skin.flat, skin.shade, 0.35),
        )


def draw_features(brush, skin, eye_color, expression, turn, look, hair, rng):
    shift = turn * 1.5
    blush = 0.6 if expression in ("smile", "open mouth", "wink") else 0.35
    for side in (-1, 1):
        x = shift + side * 17.2
        brush.canvas.save()
        brush.canvas.translate(x, 18.6)
        brush.canvas.scale(1, 0.55)
        brush.glow((0, 0), 7.0, rgb("ff6f78"), blush)
        brush.canvas.restore()
        if expression in ("smile", "open mouth", "wink"):
            for i in (-1, 0, 1):
                brush.stroke(
                    (x + 2 * i + 0.7, 17.4),
                    (x + 2 * i + 0.4, 18),
                    (x + 2 * i - 0.2, 19),
                    (x + 2 * i - 0.5, 19.6),
                    rgb("e85a68"),
                    0.7,
                    alpha=0.7,
                )
    closed = -1 if expression == "wink" else 0
    for side in (-1, 1):
        width = 1.0 - 0.035 * turn * side
        with brush.moved(shift + side * EYE_X, EYE_Y, mirror=side < 0):
            brush.canvas.scale(width, 1)
            if side == closed:
                _closed_eye(brush, hair)
            else:
                _open_eye(brush, eye_color, expression, look * side, side, hair)
            _brow(brush, expression, hair)
    if expression == "sad":
        _tear(brush, shift + EYE_X + 5.4, EYE_Y + 8.6)
        _tear(brush, shift - EYE_X - 5.4, EYE_Y + 8.6)
    brush.stroke(
        (shift * 1.3 - 0.4, 15.2),
        (shift * 1.3 + 0.6, 16),
        (shift * 1.3 + 0.6, 16.4),
        (shift * 1.3 - 0.7, 17),
        skin.line,
        0.9,
        alpha=0.75,
    )
    _mouth(brush, skin, expression, shift * 1.2)


def _open_eye(brush, name, expression, look, side, hair):
    """Drawn for the right half (outer corner at +x); highlights keep to one side of the picture."""
    top, body, glow, rim = palette.EYES[name]
    lash = mix(hair.line, rgb("1c1018"), 0.75)
    droop = 1.6 if expression == "sad" else 0.0
    white = path_of(
        [
            (-7.6, 1.2),
            (-5.6, -6.2 + 0.4 * droop),
            (0, -8.8 + 0.6 * droop),
            (5.6, -7 + droop),
            (8.2, -0.4 + droop),
            (6.2, 6.6),
            (0.2, 8.8),
            (-5.6, 6.8),
        ]
    )
    brush.fill(white, rgb("fdfcff"))
    with brush.within(white):
        x, y = look, 0.4
        brush.fill(oval(x, y, 6.2, 8.5), rim)
        iris = oval(x, y, 5.5, 7.8)
        brush.gradient(
            iris,
            (x, y - 7.8),
            (x, y + 7.8),
            [top, top, body, body, glow],
            [0.0, 0.2, 0.45, 0.72, 1.0],
        )
        with brush.within(iris):
            brush.fill(oval(x, y + 6.2, 4.0, 3.0), glow, 0.85)
        brush.fill(oval(x, y - 0.2, 2.1, 3.4), rim)
        brush.fill(oval(x, y + 0.6, 1.0, 1.6), top, 0.7)
        # The lid's shadow, then the lights.
        brush.fill(
            path_of([(-9, -10, 1), (9, -10, 1), (9, -3.6 + droop), (0, -5.6 + droop), (-9, -2.2)]),
            mix(rim, rgb("40304c"), 0.4),
            0.5,
        )
        brush.fill(oval(x - side * 2.3, y - 3.7, 2.2, 2.5), rgb("ffffff"))
        brush.fill(oval(x + side * 2.4, y + 3.6, 1.1, 1.3), rgb("ffffff"), 0.95)
    upper = path_of(
        [
            (-8.2, 1.6, 1),
            (-6.4, -5.6 + 0.4 * droop),
            (0, -9.2 + 0.6 * droop),
            (6.0, -7.4 + droop),
            (8.8, -2.2 + droop),
            (10.6, -2.6 + droop, 1),
            (8.6, 1.6 + droop, 1),
            (7.2, -2.4 + droop),
            (4.8, -5.4 + droop),
            (0, -6.9 + 0.6 * droop),
            (-5.4, -4 + 0.4 * droop),
        ]
    )
    brush.fill(upper, lash)
    brush.stroke(
        (6.6, -6.2 + droop), (8, -7), (9.4, -7.4), (10.4, -7.6 + droop), lash, 1.2, start=1.2
    )
    brush.stroke((-3.6, 8.0), (-1, 9.3), (3.6, 9.2), (6.6, 6.2), lash, 1.0, alpha=0.85)
    brush.stroke(
        (-5.6, -9.2 + 0.3 * droop),
        (-2, -12),
        (3.6, -11.6),
        (7.4, -9.4 + droop),
        mix(lash, rgb("c07070"), 0.4),
        0.8,
        alpha=0.7,
    )


def _closed_eye(brush, hair):
    lash = mix(hair.line, rgb("1c1018"), 0.75)
    brush.stroke((-8, 3.6), (-5, -3.4), (5, -3.8), (8.6, 3.4), lash, 2.4, start=0.4, end=0.8)
    brush.stroke((5.8, 0.4), (7.4, 0.2), (9, -0.2), (10.4, -1.2), lash, 1.3, start=1.3)
    brush.stroke((3.6, -1.2), (5, -2.2), (6.4, -3), (7.6, -4), lash, 1.1, start=1.1)


def _brow(brush, expression, hair):
    color = mix(hair.line, hair.shade, 0.35)
    if expression == "sad":
        brush.stroke((-7.6, -17), (-3, -15.4), (2, -12.4), (6.4, -11.2), color, 1.7)
    elif expression == "neutral":
        brush.stroke((-7, -13.4), (-2, -14.2), (3, -14), (7.6, -12.6), color, 1.6)
    else:
        brush.stroke((-7, -14), (-2, -16.6), (4, -16.4), (8, -13), color, 1.6)


def _tear(brush, x, y):
    drop = path_of([(x, y - 3, 1), (x + 1.9, y + 1.2), (x, y + 3.2), (x - 1.9, y + 1.2)])
    brush.shape(drop, rgb("b6e6ff"), rgb("5a9ee0"), 0.7)
    brush.fill(oval(x - 0.6, y + 0.8, 0.6, 0.8), rgb("ffffff"))


def _mouth(brush, skin, expression, x):
    ink = rgb("8a3038")
    if expression in ("smile", "wink"):
        brush.stroke(
            (x - 7, 21.6), (x - 4, 26.4), (x + 4, 26.4), (x + 7, 21.6), ink, 1.5, start=0.5, end=0.5
        )
        for side in (-1, 1):
            brush.stroke(
                (x + side * 6.2, 21),
                (x + side * 7, 21.4),
                (x + side * 7.2, 21.6),
                (x + side * 7.8, 21.2),
                ink,
                0.9,
            )
        brush.stroke((x - 2, 27.4), (x - 1, 28), (x + 1, 28), (x + 2, 27.4), skin.shade, 0.9)
    elif expression == "open mouth":
        mouth = path_of(
            [(x - 6.4, 20.8), (x, 21.4), (x + 6.4, 20.8), (x + 5, 26), (x, 29), (x - 5, 26)]
        )
        brush.fill(mouth, rgb("9c2638"))
        with brush.within(mouth):
            brush.fill(oval(x, 29, 4.6, 3.6), rgb("ff8a8e"))
            brush.fill(oval(x, 20.2, 6, 2.2), rgb("ffffff"))
        brush.line(mouth, rgb("5c1826"), 1.0)
    elif expression == "neutral":
        brush.stroke(
            (x - 3.6, 24), (x - 1, 24.3), (x + 1, 24.3), (x + 3.6, 24), ink, 1.3, start=0.4, end=0.4
        )
    else:
        brush.stroke(
            (x - 5, 26.6), (x - 3, 22.6), (x + 3, 22.6), (x + 5, 26.6), ink, 1.5, start=0.4, end=0.4
        )
        brush.stroke((x - 2, 28), (x - 1, 27.5), (x + 1, 27.5), (x + 2, 28), skin.shade, 0.9)
