"""Shoulders and what covers them. Coordinates: origin at the neck's root, y grows downwards."""

from __future__ import annotations

from drawing.brush import path_of
from drawing.palette import mix


def draw(brush, kind, paint, trim, skin):
    body = path_of(
        [
            (-8.5, -4),
            (-15, 3),
            (-31, 8),
            (-40, 18),
            (-44, 44),
            (-46, 80, 1),
            (46, 80, 1),
            (44, 44),
            (40, 18),
            (31, 8),
            (15, 3),
            (8.5, -4),
        ]
    )
    opening = {"sailor uniform": 15, "shirt": 9, "sweater": 0}[kind]
    brush.fill(body, paint.flat)
    with brush.within(body):
        for s in (-1, 1):
            brush.fill(
                path_of(
                    [(s * 46, 8), (s * 36, 14), (s * 31, 28), (s * 30, 80, 1), (s * 48, 80, 1)]
                ),
                paint.shade,
            )
            brush.stroke(
                (s * 29, 20),
                (s * 27.4, 32),
                (s * 27, 50),
                (s * 27, 80),
                paint.line,
                1.1,
                start=0.2,
                end=1,
            )
        if opening:
            brush.fill(path_of([(-9, -6, 1), (9, -6, 1), (0, opening, 1)]), skin.flat)
            brush.fill(path_of([(-9, -6, 1), (9, -6, 1), (5, 1), (0, 3), (-5, 1)]), skin.shade)
    brush.line(body, paint.line, 1.3)
    {"sailor uniform": _sailor, "shirt": _shirt, "sweater": _sweater}[kind](brush, paint, trim)


def _sailor(brush, paint, trim):
    white = sum(paint.flat) < 2.6
    collar = (0.97, 0.97, 1.0) if white else (0.24, 0.3, 0.52)
    band = paint.flat if white else (0.97, 0.97, 1.0)
    line = paint.line
    for s in (-1, 1):
        flap = path_of(
            [(s * 9, -5, 1), (s * 17, 1), (s * 31, 8, 1), (s * 22, 22, 1), (s * 10, 21), (0, 16, 1)]
        )
        brush.fill(flap, collar)
        with brush.within(flap):
            brush.stroke(
                (s * 28.5, 8), (s * 22, 14), (s * 20, 18.8), (s * 19, 19), band, 2.0, start=2, end=2
            )
            brush.stroke(
                (s * 20, 18.8), (s * 12, 19), (s * 8, 17), (0, 12.5), band, 2.0, start=2, end=2
            )
        brush.line(flap, line, 1.1)
    for s in (-1, 1):
        wing = path_of([(0, 15.5, 1), (s * 8, 19), (s * 11, 31, 1), (s * 4, 27)])
        brush.shape(wing, trim.flat, trim.line)
        brush.stroke((s * 2, 18), (s * 4, 21), (s * 5, 24), (s * 6, 27), trim.shade, 1.6)
    brush.shape(path_of([(-3.4, 13.6), (3.4, 13.6), (3, 19), (-3, 19)]), trim.flat, trim.line)


def _shirt(brush, paint, trim):
    collar = mix(paint.flat, (1, 1, 1), 0.35) if sum(paint.flat) < 2.6 else paint.flat
    tie = path_of(
        [(-3, 8, 1), (3, 8, 1), (2.2, 13, 1), (5, 44, 1), (0, 49, 1), (-5, 44, 1), (-2.2, 13, 1)]
    )
    brush.shape(tie, trim.flat, trim.line)
    brush.stroke((-2, 14), (0, 14.6), (1, 14.6), (2, 14), trim.line, 1)
    for s in (-1, 1):
        flap = path_of(
            [(s * 8.5, -6, 1), (s * 14, 1, 1), (s * 9.5, 14, 1), (0, 8.4, 1), (s * 5, 2)]
        )
        brush.shape(flap, collar, paint.line)


def _sweater(brush, paint, trim):
    neck = path_of([(-10, -7, 1), (0, -4), (10, -7, 1), (11, 3), (0, 7), (-11, 3)])
    brush.shape(neck, paint.flat, paint.line, 1.2)
    with brush.within(neck):
        for i in range(-3, 4):
            brush.stroke(
                (i * 2.9, -6),
                (i * 3, -2),
                (i * 3.1, 2),
                (i * 3.1, 7),
                paint.shade,
                1.1,
                start=1,
                end=1,
            )
    for i in range(5):
        brush.stroke(
            (-22, 18 + 8 * i),
            (-10, 21 + 8 * i),
            (10, 21 + 8 * i),
            (22, 18 + 8 * i),
            paint.shade,
            1.8,
        )
