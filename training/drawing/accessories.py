"""Glasses, ribbon, cat ears, hairband."""

from __future__ import annotations

from drawing.brush import path_of
from drawing.face import EYE_X, EYE_Y
from drawing.palette import mix, rgb


def draw_behind_front_hair(brush, name, hair, rng):
    if name == "cat ears":
        for s in (-1, 1):
            with brush.moved(s * 19, -27, degrees=s * rng.uniform(4, 10), mirror=s < 0):
                ear = path_of([(-11, 4, 1), (-5, -10), (4, -22, 1), (11, -8), (14, 8, 1)])
                brush.shape(ear, hair.flat, hair.line, 1.3)
                brush.fill(
                    path_of([(-5.5, 4, 1), (-2, -6), (3.6, -15.5, 1), (7.6, -5), (9, 6, 1)]),
                    rgb("ffa9ba"),
                )
                brush.fill(path_of([(-5.5, 4, 1), (-3.6, -2), (0.4, -5, 1), (0, 4, 1)]), hair.light)


def draw_in_front(brush, name, trim, turn, side):
    if name == "glasses":
        _glasses(brush, turn)
    elif name == "hairband":
        _hairband(brush, trim)
    elif name == "ribbon":
        with brush.moved(side * 19, -29, degrees=side * 24):
            _bow(brush, trim)


def _glasses(brush, turn):
    shift = turn * 1.5
    frame = rgb("2b2233")
    for s in (-1, 1):
        x, y = shift + s * EYE_X, EYE_Y + 1.2
        lens = path_of(
            [
                (x - 10.4, y - 7.4),
                (x, y - 9.4),
                (x + 10.4, y - 7.4),
                (x + 10.6, y + 4),
                (x, y + 10.6),
                (x - 10.6, y + 4),
            ]
        )
        brush.fill(lens, rgb("d8f0ff"), 0.08)
        with brush.within(lens):
            brush.fill(
                path_of(
                    [(x + 3, y - 12, 1), (x + 7, y - 12, 1), (x - 3, y + 12, 1), (x - 7, y + 12, 1)]
                ),
                rgb("ffffff"),
                0.13,
            )
        brush.line(lens, frame, 1.9)
        brush.stroke(
            (x + s * 10.4, y - 4),
            (x + s * 13, y - 5),
            (x + s * 14, y - 5),
            (s * 28, y - 5),
            frame,
            1.7,
            start=1.7,
            end=1.2,
        )
    brush.stroke(
        (shift - 2.8, EYE_Y - 1),
        (shift - 1, EYE_Y - 2.6),
        (shift + 1, EYE_Y - 2.6),
        (shift + 2.8, EYE_Y - 1),
        frame,
        1.8,
        start=1.8,
        end=1.8,
    )


def _hairband(brush, trim):
    band = path_of(
        [
            (-33.4, -9, 1),
            (-27, -25),
            (0, -35.5),
            (27, -25),
            (33.4, -9, 1),
            (29.6, -6, 1),
            (23, -19.5),
            (0, -29),
            (-23, -19.5),
            (-29.6, -6, 1),
        ]
    )
    brush.shape(band, trim.flat, trim.line, 1.2)
    brush.stroke((-24, -24), (-16, -30), (-8, -32.6), (0, -33.2), trim.light, 1.6)
    brush.stroke((-28, -11), (-20, -24), (20, -24), (28, -11), trim.shade, 1.5)


def _bow(brush, trim):
    for s in (-1, 1):
        brush.shape(
            path_of([(0, 2, 1), (s * 7, 6), (s * 11, 17, 1), (s * 3, 13)]),
            trim.shade,
            trim.line,
            1.1,
        )
    for s in (-1, 1):
        wing = path_of(
            [(0, 0, 1), (s * 8, -9), (s * 18, -11), (s * 19, 0), (s * 17, 9), (s * 8, 6)]
        )
        brush.shape(wing, trim.flat, trim.line, 1.2)
        brush.stroke((s * 3, 0), (s * 8, -1), (s * 11, 1), (s * 14, 3), trim.shade, 2.4)
        brush.stroke(
            (s * 7, -6),
            (s * 10, -8),
            (s * 13, -8.6),
            (s * 16, -7),
            mix(trim.light, trim.flat, 0.2),
            1.8,
        )
    brush.shape(path_of([(-3.6, -4), (3.6, -4), (3.8, 4), (-3.8, 4)]), trim.flat, trim.line, 1.2)
