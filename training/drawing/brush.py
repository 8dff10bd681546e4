"""A canvas with the few strokes that cel drawing is made of. Lengths are pixels of the 128 picture."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import skia

SIZE = 128
SUPERSAMPLING = 3


def color4f(color, alpha=1.0):
    return skia.Color4f(color[0], color[1], color[2], alpha)


def path_of(points, closed=True):
    """A Catmull-Rom curve through the points; a point may be written (x, y, 'corner')."""
    path = skia.Path()
    n = len(points)
    at = lambda i: points[i % n] if closed else points[min(max(i, 0), n - 1)]
    corner = lambda p: len(p) > 2
    path.moveTo(points[0][0], points[0][1])
    for i in range(n if closed else n - 1):
        p0, p1, p2, p3 = at(i - 1), at(i), at(i + 1), at(i + 2)
        k = 1 / 6
        a = (0, 0) if corner(p1) else ((p2[0] - p0[0]) * k, (p2[1] - p0[1]) * k)
        b = (0, 0) if corner(p2) else ((p3[0] - p1[0]) * k, (p3[1] - p1[1]) * k)
        path.cubicTo(p1[0] + a[0], p1[1] + a[1], p2[0] - b[0], p2[1] - b[1], p2[0], p2[1])
    if closed:
        path.close()
    return path


def oval(x, y, rx, ry):
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))
    return path


_T = np.linspace(0.0, 1.0, 13)
_BEZIER = np.stack([(1 - _T) ** 3, 3 * _T * (1 - _T) ** 2, 3 * _T**2 * (1 - _T), _T**3], axis=1)
_SLOPE = np.stack(
    [
        -3 * (1 - _T) ** 2,
        3 * (1 - _T) ** 2 - 6 * _T * (1 - _T),
        6 * _T * (1 - _T) - 3 * _T**2,
        3 * _T**2,
    ],
    axis=1,
)


def tapered(p0, p1, p2, p3, width, start=0.0, end=0.0):
    """The outline of a stroke along a Bezier curve, `width` in the middle, `start` and `end` at its ends."""
    control = np.array([p0, p1, p2, p3], dtype=np.float64)
    at = _BEZIER @ control
    slope = _SLOPE @ control
    normal = np.stack([-slope[:, 1], slope[:, 0]], axis=1)
    normal /= np.maximum(np.hypot(normal[:, 0], normal[:, 1]), 1e-6)[:, None]
    ends = np.where(_T < 0.5, start, end)
    half = 0.5 * (ends + (width - ends) * np.sin(math.pi * _T) ** 0.7)
    outline = np.concatenate([at + normal * half[:, None], (at - normal * half[:, None])[::-1]])
    return skia.Path.Polygon([skia.Point(x, y) for x, y in outline.tolist()], True)


class Brush:
    def __init__(self, size=SIZE):
        self.surface = skia.Surface(size * SUPERSAMPLING, size * SUPERSAMPLING)
        self.canvas = self.surface.getCanvas()
        self.canvas.scale(size / SIZE * SUPERSAMPLING, size / SIZE * SUPERSAMPLING)
        self.size = size

    def fill(self, path, color, alpha=1.0):
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color4f=color4f(color, alpha)))

    def gradient(self, path, start, end, colors, stops=None):
        shader = skia.GradientShader.MakeLinear(
            [skia.Point(*start), skia.Point(*end)], [color4f(c).toColor() for c in colors], stops
        )
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Shader=shader))

    def glow(self, center, radius, color, alpha):
        shader = skia.GradientShader.MakeRadial(
            skia.Point(*center),
            radius,
            [color4f(color, alpha).toColor(), color4f(color, 0.0).toColor()],
        )
        self.canvas.drawCircle(
            center[0], center[1], radius, skia.Paint(AntiAlias=True, Shader=shader)
        )

    def line(self, path, color, width=1.1, alpha=1.0):
        self.canvas.drawPath(
            path,
            skia.Paint(
                AntiAlias=True,
                Style=skia.Paint.kStroke_Style,
                StrokeWidth=width,
                StrokeCap=skia.Paint.kRound_Cap,
                StrokeJoin=skia.Paint.kRound_Join,
                Color4f=color4f(color, alpha),
            ),
        )

    def shape(self, path, fill, line, width=1.1):
        self.fill(path, fill)
        self.line(path, line, width)

    def stroke(self, p0, p1, p2, p3, color, width=1.1, start=0.0, end=0.0, alpha=1.0):
        self.fill(tapered(p0, p1, p2, p3, width, start, end), color, alpha)

    @contextlib.contextmanager
    def within(self, path):
        self.canvas.save()
        self.canvas.clipPath(path, skia.ClipOp.kIntersect, True)
        yield
        self.canvas.restore()

    @contextlib.contextmanager
    def moved(self, x=0.0, y=0.0, scale=1.0, degrees=0.0, mirror=False):
        self.canvas.save()
        self.canvas.translate(x, y)
        self.canvas.rotate(degrees)
        self.canvas.scale(-scale if mirror else scale, scale)
        yield
        self.canvas.restore()

    def pixels(self):
        """The picture reduced by area averaging: uint8 [size, size, 3], RGB."""
        raw = self.surface.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3]
        s, k = self.size, SUPERSAMPLING
        total = np.zeros((s, s, 3), np.uint16)
        for i in range(k):
            for j in range(k):
                total += raw[i::k, j::k]
        return ((total + k * k // 2) // (k * k)).astype(np.uint8)
