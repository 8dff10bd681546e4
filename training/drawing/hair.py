"""Six hair styles in layers: back hair behind the neck, tails and buns, side locks and bangs in front."""

from __future__ import annotations

import math

from drawing.brush import oval, path_of
from drawing.palette import mix

LOCK_LENGTH = {
    "short": 17,
    "bob": 27,
    "long": 52,
    "twin tails": 25,
    "ponytail": 22,
    "double bun": 20,
}


class Hair:
    """Draws one head of hair; the same random numbers serve all its layers."""

    def __init__(self, style, bangs, paint, trim, side, rng):
        self.style, self.bangs, self.paint, self.trim, self.side, self.rng = (
            style,
            bangs,
            paint,
            trim,
            side,
            rng,
        )

    # -- behind the neck and the shoulders -------------------------------------------------------
    def draw_back(self, brush):
        getattr(self, "_back_" + self.style.replace(" ", "_"))(brush)

    def _mass(self, brush, points, folds=()):
        """A body of back hair: shaded, with lighter strands where the light falls."""
        p = self.paint
        path = path_of(points)
        brush.fill(path, mix(p.shade, p.flat, 0.15))
        with brush.within(path):
            for fold in folds:
                brush.stroke(*fold[:4], p.flat, fold[4])
                brush.stroke(*[(x + 1.6, y) for x, y in fold[:4]], p.line, 0.8, alpha=0.55)
        brush.line(path, p.line, 1.3)

    def _back_short(self, brush):
        r = self.rng.uniform
        points = [
            (0, -37),
            (22, -30),
            (32, -10),
            (32.5, 8),
            (35 + r(-1, 1), 19, 1),
            (29, 18),
            (28.5 + r(-1, 1), 26, 1),
            (21, 23),
            (16, 29, 1),
            (8, 25),
            (0, 29, 1),
            (-8, 25),
            (-16, 29, 1),
            (-21, 23),
            (-28.5 + r(-1, 1), 26, 1),
            (-29, 18),
            (-35 + r(-1, 1), 19, 1),
            (-32.5, 8),
            (-32, -10),
            (-22, -30),
        ]
        self._mass(brush, points)

    def _back_bob(self, brush):
        r = self.rng.uniform(-1, 1)
        self._mass(
            brush,
            [
                (0, -37),
                (22, -31),
                (33, -12),
                (37, 10),
                (37 + r, 26),
                (31, 35, 1),
                (18, 38),
                (0, 36),
                (-18, 38),
                (-31, 35, 1),
                (-37 - r, 26),
                (-37, 10),
                (-33, -12),
                (-22, -31),
            ],
            [((s * 30, -8), (s * 34, 8), (s * 34, 20), (s * 30, 33), 4) for s in (-1, 1)],
        )

    def _back_long(self, brush):
        r = self.rng.uniform(-2, 2)
        points = [(0, -37), (22, -31), (33, -12), (36, 10), (39 + r, 34), (42, 58), (38 - r, 86, 1)]
        points += [(-38 - r, 86, 1), (-42, 58), (-39 + r, 34), (-36, 10), (-33, -12), (-22, -31)]
        self._mass(
            brush,
            points,
            [((s * 31, -4), (s * 35, 20), (s * 37, 44), (s * 36, 84), 5) for s in (-1, 1)]
            + [((s * 24, 26), (s * 27, 44), (s * 28, 60), (s * 26, 84), 3) for s in (-1, 1)],
        )

    def _skull(self, brush):
        self._mass(
            brush,
            [
                (0, -37),
                (22, -31),
                (32, -12),
                (31, 8),
                (24, 22),
                (10, 28),
                (-10, 28),
                (-24, 22),
                (-31, 8),
                (-32, -12),
                (-22, -31),
            ],
        )

    def _back_twin_tails(self, brush):
        self._skull(brush)
        for s in (-1, 1):
            r = self.rng.uniform(-1.5, 1.5)
            with brush.moved(s * 29, -19, degrees=s * self.rng.uniform(-5, 3), mirror=s < 0):
                tail = path_of(
                    [
                        (-2, -3),
                        (8, -8),
                        (19, -1),
                        (25 + r, 18),
                        (25, 42),
                        (20, 60 + r),
                        (13, 72 + 2 * r, 1),
                        (12, 60),
                        (6, 66 + r, 1),
                        (4, 48),
                        (5, 28),
                        (3, 12),
                    ]
                )
                self._tail(
                    brush,
                    tail,
                    [
                        ((6, 0), (18, 12), (16, 36), (12, 64), 4.5),
                        ((3, 6), (9, 20), (9, 40), (8, 58), 2.2),
                    ],
                    ((5, 5), (14, 4), (19, 10), (22, 17)),
                )
                self._tie(brush, 0, 0)

    def _back_ponytail(self, brush):
        self._skull(brush)
        s, r = self.side, self.rng.uniform(-2, 2)
        with brush.moved(s * 15, -34, mirror=s < 0):
            tail = path_of(
                [
                    (-6, 3),
                    (0, -8),
                    (14, -12),
                    (27, -3),
                    (34 + r, 18),
                    (33, 44),
                    (28, 62),
                    (20, 80 + r, 1),
                    (20, 62),
                    (13, 70 + r, 1),
                    (15, 46),
                    (15, 26),
                    (10, 14),
                ]
            )
            self._tail(
                brush,
                tail,
                [
                    ((6, -2), (24, 0), (28, 24), (23, 66), 5.5),
                    ((8, 6), (20, 14), (21, 36), (18, 60), 2.6),
                ],
                ((12, -6), (20, -4), (27, 3), (31, 14)),
            )
            self._tie(brush, 0, 0, 30)

    def _back_double_bun(self, brush):
        self._skull(brush)
        p = self.paint
        for s in (-1, 1):
            x, y = s * 25, -33
            bun = oval(x, y, 12.5, 11.5)
            brush.fill(bun, p.flat)
            with brush.within(bun):
                brush.fill(oval(x - s * 5, y + 9, 13, 9), p.shade)
                brush.stroke(
                    (x - 6, y - 6), (x - 2, y - 9), (x + 4, y - 8), (x + 7, y - 3), p.light, 2.6
                )
                brush.stroke(
                    (x - 9, y + 1),
                    (x - 3, y - 4),
                    (x + 5, y - 2),
                    (x + 8, y + 5),
                    p.line,
                    1.0,
                    alpha=0.8,
                )
                brush.stroke(
                    (x - 6, y + 7),
                    (x - 2, y + 2),
                    (x + 2, y + 3),
                    (x + 4, y + 8),
                    p.line,
                    0.9,
                    alpha=0.7,
                )
            brush.line(bun, p.line, 1.3)

    def _tail(self, brush, tail, folds, shine):
        p = self.paint
        brush.fill(tail, p.flat)
        with brush.within(tail):
            for fold in folds:
                brush.stroke(*fold[:4], p.shade, fold[4], start=0.5)
                brush.stroke(*[(x + 1.8, y) for x, y in fold[:4]], p.line, 0.9, alpha=0.6)
            brush.stroke(*shine, p.light, 2.8)
        brush.line(tail, p.line, 1.3)

    def _tie(self, brush, x, y, degrees=0):
        with brush.moved(x, y, degrees=degrees):
            brush.shape(oval(0, 0, 4.2, 5.6), self.trim.flat, self.trim.line)
            brush.fill(oval(-1, -2, 1.4, 1.6), self.trim.light)

    # -- over the face -----------------------------------------------------------------------------
    def prepare_front(self, turn):
        """Chooses the outlines of bangs and side locks."""
        r = lambda k=1.0: self.rng.uniform(-k, k)
        t = turn * 1.2
        if self.bangs == "blunt":
            tips = [
                (-21 + t, -0.5),
                (-13 + t, -1.5),
                (-4.5 + t, -2.0),
                (4.5 + t, -2.0),
                (13 + t, -1.5),
                (21 + t, -0.5),
            ]
            notches = [(-17 + t, -6), (-8.6 + t, -7), (t, -7.5), (8.6 + t, -7), (17 + t, -6)]
            part = t
        elif self.bangs == "swept":
            s = self.side
            tips = [
                (-25 + t, 1),
                (-18 + t, 0),
                (-9.5 + t, -1.5),
                (-1 + t, -3.5),
                (8 + t, -7),
                (22 + t, -1),
            ]
            notches = [(-19 + t, -8), (-10 + t, -9.5), (-1 + t, -11.5), (7 + t, -14), (13 + t, -18)]
            part = 12 + t
            if s < 0:
                tips = [(2 * t - x, y) for x, y in reversed(tips)]
                notches = [(2 * t - x, y) for x, y in reversed(notches)]
                part = 2 * t - part
        else:
            tips = [
                (-23 + t, 2),
                (-16 + t, -2),
                (-8 + t, -8),
                (t + r(2), 1.5),
                (8 + t, -8),
                (16 + t, -2),
                (23 + t, 2),
            ]
            notches = [
                (-18.5 + t, -7),
                (-11 + t, -11),
                (-4 + t, -14),
                (4 + t, -14),
                (11 + t, -11),
                (18.5 + t, -7),
            ]
            part = t
        self.part = part
        self.tips = [(x + r(0.8), y + r(0.9)) for x, y in tips]
        self.notches = [(x + r(0.6), y + r(0.9)) for x, y in notches]
        self.bang_path = self._bang_path()
        length = LOCK_LENGTH[self.style] + r(2)
        self.locks = [self._lock(s, length, r) for s in (-1, 1)]

    def _bang_path(self):
        path = path_of(
            [
                (-30.5, 6, 1),
                (-32.5, -10),
                (-23, -29.5),
                (0, -37.5),
                (23, -29.5),
                (32.5, -10),
                (30.5, 6, 1),
            ],
            closed=False,
        )
        path.lineTo(26.5, -9)
        joints = [(26.0, -9.0)] + self.notches[::-1] + [(-26.0, -9.0)]
        for tip, before, after in zip(self.tips[::-1], joints, joints[1:]):
            bend = 0.9
            path.quadTo(
                before[0] + (tip[0] - before[0]) * 0.1 + bend,
                before[1] + (tip[1] - before[1]) * 0.65,
                *tip,
            )
            path.quadTo(
                after[0] + (tip[0] - after[0]) * 0.35 - bend,
                after[1] + (tip[1] - after[1]) * 0.5,
                *after,
            )
        path.lineTo(-30.5, 6)
        path.close()
        return path

    def _lock(self, s, length, r):
        flip = 3.0 if self.style == "short" else (-3.5 if self.style == "bob" else 0.5)
        tip = (s * (27.5 + flip) + r(), length)
        mid = length * 0.5
        return path_of(
            [
                (s * 25, -14, 1),
                (s * 31.4, -6),
                (s * 32.2, mid * 0.5),
                (s * 32, mid),
                (s * (31.5 + 0.5 * flip), length * 0.8),
                (*tip, 1),
                (s * (26 + 0.4 * flip), length * 0.78),
                (s * 23.8, mid),
                (s * 22.6, 3),
            ]
        )

    def draw_shadow(self, brush, skin, face):
        """What the bangs and locks throw on the face."""
        with brush.within(face), brush.moved(0.6, 2.8):
            brush.fill(self.bang_path, skin.shade)
            for lock in self.locks:
                brush.fill(lock, skin.shade)

    def draw_locks(self, brush):
        p = self.paint
        for s, lock in zip((-1, 1), self.locks):
            brush.fill(lock, p.flat)
            with brush.within(lock):
                brush.stroke(
                    (s * 31, -6), (s * 33.5, 10), (s * 32, 24), (s * 29, 50), p.shade, 3.6, start=2
                )
                brush.stroke(
                    (s * 25, -8),
                    (s * 27.4, 4),
                    (s * 27.4, 12),
                    (s * 27, 40),
                    p.line,
                    0.9,
                    alpha=0.6,
                )
            brush.line(lock, p.line, 1.2)

    def draw_front(self, brush):
        p = self.paint
        brush.fill(self.bang_path, p.flat)
        with brush.within(self.bang_path):
            # Shade gathers at the sides and under the crown's edge.
            for s in (-1, 1):
                brush.fill(
                    path_of(
                        [(s * 34, -24), (s * 27.5, -12), (s * 26, 0), (s * 27, 10), (s * 36, 10)]
                    ),
                    p.shade,
                )
            for notch in self.notches:
                top = (self.part + (notch[0] - self.part) * 0.45, -27)
                bend = (notch[0], (notch[1] + top[1]) * 0.55)
                brush.stroke(
                    (notch[0], notch[1] + 4),
                    bend,
                    (top[0] + 0.4 * (notch[0] - top[0]), top[1] + 5),
                    top,
                    p.shade,
                    3.2,
                    start=3.0,
                )
            self._shine(brush)
            for notch in self.notches:
                top = (self.part + (notch[0] - self.part) * 0.5, -25)
                bend = (notch[0] + 0.4, (notch[1] + top[1]) * 0.55)
                brush.stroke(
                    notch,
                    bend,
                    (top[0] + 0.3 * (notch[0] - top[0]), top[1] + 5),
                    top,
                    p.line,
                    1.0,
                    start=0.9,
                    alpha=0.85,
                )
            brush.stroke(
                (self.part, -38),
                (self.part * 1.05, -34),
                (self.part * 1.0, -31),
                (self.part * 0.9, -27),
                p.line,
                1.0,
                start=1.0,
                alpha=0.7,
            )
        brush.line(self.bang_path, p.line, 1.25)

    def _shine(self, brush):
        """The angel ring: a band with teeth across the crown."""
        upper, lower = [], []
        n = 8
        for i in range(n + 1):
            u = i / n * 2 - 1
            x = 23.5 * u
            y = -17.6 - 6.2 * math.cos(u * 1.35) + 3.0
            upper.append((x, y - 1.1 - (1.6 if i % 2 else 0.0), 1))
            lower.append((x, y + 1.3 + (1.8 if i % 2 == 0 else 0.0), 1))
        upper[0] = lower[0] = (upper[0][0], (upper[0][1] + lower[0][1]) / 2, 1)
        upper[-1] = lower[-1] = (upper[-1][0], (upper[-1][1] + lower[-1][1]) / 2, 1)
        brush.fill(path_of(upper + lower[::-1]), self.paint.light, 0.9)
