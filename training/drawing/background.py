"""Eight plain colours and three scenes."""

from __future__ import annotations

import math

import skia

from drawing import palette
from drawing.brush import SIZE, oval, path_of
from drawing.palette import mix, rgb

WHITE = (1.0, 1.0, 1.0)


def _whole():
    path = skia.Path()
    path.addRect(skia.Rect.MakeWH(SIZE, SIZE))
    return path


def draw(brush, name, rng):
    scenes = {"night sky": _night_sky, "cherry blossoms": _cherry_blossoms, "sunset": _sunset}
    if name in scenes:
        scenes[name](brush, rng)
    else:
        _plain(brush, *palette.PLAIN[name])


def _plain(brush, light, deep):
    brush.gradient(_whole(), (0, 0), (0, SIZE), [light, deep])
    brush.glow((64, 50), 72, mix(light, WHITE, 0.5), 0.5)


def _star(x, y, r):
    points = []
    for i in range(8):
        angle = math.pi * i / 4
        k = r if i % 2 == 0 else r * 0.28
        points.append(skia.Point(x + k * math.sin(angle), y - k * math.cos(angle)))
    return skia.Path.Polygon(points, True)


def _night_sky(brush, rng):
    brush.gradient(_whole(), (0, 0), (0, SIZE), [rgb("0c1238"), rgb("1d2a66"), rgb("4a4f9c")])
    x = 20 if rng.random() < 0.5 else 108
    brush.glow((x, 22), 30, rgb("fff3c0"), 0.35)
    moon = skia.Op(oval(x, 22, 12, 12), oval(x + 6, 18, 10.5, 10.5), skia.kDifference_PathOp)
    brush.fill(moon, rgb("fff2b4"))
    for _ in range(16):
        sx, sy = rng.uniform(2, 126), rng.uniform(2, 100)
        if math.hypot(sx - x, sy - 22) > 17:
            brush.fill(
                _star(sx, sy, rng.choice((1.6, 2.2, 3.2, 4.4))), rgb("fffbe0"), rng.uniform(0.75, 1)
            )


def _moved(path, x, y, degrees):
    matrix = skia.Matrix()
    matrix.setRotate(degrees)
    matrix.postTranslate(x, y)
    moved = skia.Path()
    path.transform(matrix, moved)
    return moved


def _blossom(brush, x, y, r, turn):
    for i in range(5):
        a = math.radians(turn + 72 * i)
        brush.fill(
            _moved(
                path_of([(0, -r, 1), (r * 0.72, -r * 0.2), (0, r * 0.9, 1), (-r * 0.72, -r * 0.2)]),
                x + r * math.sin(a),
                y - r * math.cos(a),
                math.degrees(a) + 180,
            ),
            rgb("ffd9e8"),
        )
    brush.fill(oval(x, y, r * 0.42, r * 0.42), rgb("f0618f"))


def _cherry_blossoms(brush, rng):
    brush.gradient(_whole(), (0, 0), (0, SIZE), [rgb("a5dcf6"), rgb("e6f4fb"), rgb("ffe3ee")])
    with brush.moved(SIZE if (mirror := rng.random() < 0.5) else 0, 0, mirror=mirror):
        brush.stroke((-6, 26), (20, 20), (44, 16), (84, 2), rgb("6b4038"), 6, start=7, end=1)
        brush.stroke((16, 21), (26, 30), (30, 36), (34, 46), rgb("6b4038"), 3, start=3)
        for _ in range(3):
            brush.glow((rng.uniform(0, 80), rng.uniform(0, 30)), 20, rgb("ffb7d0"), 0.75)
        for x, y in (
            (4, 12),
            (18, 27),
            (26, 10),
            (38, 22),
            (48, 7),
            (62, 13),
            (74, 3),
            (32, 40),
            (8, 40),
        ):
            _blossom(
                brush,
                x + rng.uniform(-2, 2),
                y + rng.uniform(-2, 2),
                rng.uniform(3.2, 4.6),
                rng.uniform(0, 72),
            )
    for _ in range(12):
        brush.fill(
            _moved(
                path_of([(0, -2.6, 1), (1.8, 0), (0, 2.4, 1), (-1.8, 0)]),
                rng.uniform(2, 126),
                rng.uniform(30, 126),
                rng.uniform(0, 360),
            ),
            rgb("ff9dc0"),
        )


def _sunset(brush, rng):
    brush.gradient(
        _whole(),
        (0, 0),
        (0, 92),
        [rgb("6a3f8f"), rgb("e0607a"), rgb("ff9a4a"), rgb("ffd46a")],
        [0.0, 0.38, 0.72, 1.0],
    )
    x = rng.choice((22.0, 106.0)) + rng.uniform(-4, 4)
    brush.glow((x, 80), 46, rgb("fff0a0"), 0.6)
    brush.fill(oval(x, 80, 14, 14), rgb("fffbd8"))
    for _ in range(4):
        cx, cy, w = rng.uniform(0, 128), rng.uniform(12, 62), rng.uniform(14, 26)
        brush.fill(
            path_of(
                [
                    (cx - w, cy, 1),
                    (cx - w * 0.4, cy - 3),
                    (cx + w * 0.2, cy - 2.2),
                    (cx + w, cy, 1),
                    (cx + w * 0.3, cy + 2),
                    (cx - w * 0.3, cy + 1.6),
                ]
            ),
            rgb("ffb08a"),
            0.75,
        )
    sea = skia.Path()
    sea.addRect(skia.Rect.MakeLTRB(0, 90, SIZE, SIZE))
    brush.gradient(sea, (0, 90), (0, SIZE), [rgb("d8607a"), rgb("54367e")])
    for i in range(5):
        y = 93 + 6.5 * i
        w = 16 - i * 1.5
        brush.stroke(
            (x - w, y), (x - w / 2, y), (x + w / 2, y), (x + w, y), rgb("ffe6a0"), 1.8, alpha=0.9
        )
