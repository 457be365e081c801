"""Drawing smooth shapes straight into the planes of a 4:2:0 picture.

Every shape is a signed distance, turned into a coverage of 0 to 1 over the last pixel, so edges are smooth
without supersampling; only the shape's own rectangle is touched, and that rectangle lies on even pixels, so
that the colour planes, of half the size, are covered by the means of its 2x2 blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Plane = npt.NDArray[np.float32]

Point = tuple[float, float]

# Through a small camera's lens and behind its glass, colours are paler than paint.
_PALE = 0.8


class Color(NamedTuple):
    """A colour as the planes hold it: BT.601, limited range."""

    y: float
    u: float
    v: float

    def lit(self, factor: float) -> Color:
        """Give the colour in more (above 1) or less light."""
        return Color(
            16 + (self.y - 16) * factor, 128 + (self.u - 128) * factor, 128 + (self.v - 128) * factor
        )


def rgb(red: float, green: float, blue: float) -> Color:
    """Give a colour from red, green and blue of 0 to 255 each (ITU-R BT.601), paled."""
    return Color(
        16 + 0.25679 * red + 0.50413 * green + 0.09791 * blue,
        128 + _PALE * (-0.14822 * red - 0.29099 * green + 0.43922 * blue),
        128 + _PALE * (0.43922 * red - 0.36779 * green - 0.07143 * blue),
    )


class Canvas:
    """A picture under the brush.

    Attributes:
        y: (rows, columns) float32, 16 to 235.
        u: (rows / 2, columns / 2) float32, around 128.
        v: as `u`.
        mask: (rows, columns) float32, 0 to 1, where shapes are being noted for an occluder; else None.
    """

    def __init__(self, width: int, height: int) -> None:
        """Make a black picture of an even width and height."""
        self.width, self.height = width, height
        self.y: Plane = np.full((height, width), 16, np.float32)
        self.u: Plane = np.full((height // 2, width // 2), 128, np.float32)
        self.v: Plane = np.full((height // 2, width // 2), 128, np.float32)
        self.mask: Plane | None = None

    def polygon(
        self, points: Sequence[Point], color: Color, *, soft: float = 0.75, opacity: float = 1.0
    ) -> None:
        """Fill a convex polygon, its corners in either order, given in pixels; `soft` is half its edge's width."""
        box = self._box(points, soft + 1)
        if box is None:
            return
        xs, ys = _grid(box)
        area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))
        turn = 1.0 if area > 0 else -1.0
        inside: Plane | None = None
        for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
            length = float(np.hypot(bx - ax, by - ay))
            if length < 1e-3:
                continue
            nx, ny = -(by - ay) / length * turn, (bx - ax) / length * turn
            distance = (xs * np.float32(nx) - np.float32(nx * ax + ny * ay)) + ys * np.float32(ny)
            inside = distance if inside is None else np.minimum(inside, distance, out=inside)
        if inside is not None:
            self._blend(box, _coverage(inside, soft, opacity), color)

    def capsule(
        self,
        a: Point,
        b: Point,
        radii: tuple[float, float],
        color: Color,
        *,
        soft: float = 0.75,
        shade: float = 0.0,
    ) -> None:
        """Draw a thick line with round ends: a limb, a pole.

        Args:
            a: where it begins, in pixels.
            b: where it ends.
            radii: its half width at both ends, in pixels.
            color: its colour.
            soft: half the edge's width, in pixels.
            shade: how much brighter, in steps of brightness, its left edge is than its middle.
        """
        reach = max(radii) + soft + 1
        box = self._box((a, b), reach)
        if box is None:
            return
        xs, ys = _grid(box)
        dx, dy = b[0] - a[0], b[1] - a[1]
        square = max(dx * dx + dy * dy, 1e-6)
        px, py = xs - np.float32(a[0]), ys - np.float32(a[1])
        along = px * np.float32(dx / square) + py * np.float32(dy / square)
        np.clip(along, 0, 1, out=along)
        ox = px - along * np.float32(dx)
        oy = py - along * np.float32(dy)
        distance = np.sqrt(ox * ox + oy * oy)
        radius = np.float32(radii[0]) + along * np.float32(radii[1] - radii[0])
        tone: Plane | None = np.multiply(ox, -shade / max(radii), dtype=np.float32) if shade else None
        self._blend(box, _coverage(radius - distance, soft, 1.0), color, tone)

    def ellipse(
        self, center: Point, radii: tuple[float, float], color: Color, *, soft: float = 0.75, opacity: float = 1.0,
        shade: float = 0.0,
    ) -> None:  # fmt: skip
        """Draw an ellipse along the axes; `soft` and `shade` as for `capsule`."""
        rx, ry = max(radii[0], 0.3), max(radii[1], 0.3)
        corners = ((center[0] - rx, center[1] - ry), (center[0] + rx, center[1] + ry))
        box = self._box(corners, soft + 1)
        if box is None:
            return
        xs, ys = _grid(box)
        px = (xs - np.float32(center[0])) / np.float32(rx)
        py = (ys - np.float32(center[1])) / np.float32(ry)
        distance = (1 - np.sqrt(px * px + py * py)) * np.float32(min(rx, ry))
        tone: Plane | None = np.multiply(px, -shade, dtype=np.float32) if shade else None
        self._blend(box, _coverage(distance, soft, opacity), color, tone)

    def shadow(self, points: Sequence[Point], *, soft: float, depth: float) -> None:
        """Darken a convex polygon with soft edges; `depth` is 0 for nothing to 1 for black."""
        self.polygon(points, Color(16, 128, 128), soft=soft, opacity=depth)

    def paint(self, left: int, top: int, coverage: Plane, color: Color) -> None:
        """Colour a rectangle through a coverage of 0 to 1; `left`, `top` and its sizes must be even."""
        height, width = coverage.shape
        self._blend((left, top, left + width, top + height), coverage, color)

    def _box(self, points: Sequence[Point], reach: float) -> tuple[int, int, int, int] | None:
        """Give the even rectangle around points that lies within the picture; None where there is none."""
        xs = [point[0] for point in points]
        ys = [point[1] for point in points]
        left = max(0, int(min(xs) - reach)) & ~1
        top = max(0, int(min(ys) - reach)) & ~1
        right = min(self.width, (int(max(xs) + reach) + 2) & ~1)
        bottom = min(self.height, (int(max(ys) + reach) + 2) & ~1)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _blend(
        self, box: tuple[int, int, int, int], alpha: Plane, color: Color, tone: Plane | None = None
    ) -> None:
        left, top, right, bottom = box
        target = self.y[top:bottom, left:right]
        wanted = np.float32(color.y) - target if tone is None else (np.float32(color.y) + tone) - target
        wanted *= alpha
        target += wanted
        small = alpha[::2, ::2] + alpha[1::2, ::2]
        small += alpha[::2, 1::2]
        small += alpha[1::2, 1::2]
        small *= np.float32(0.25)
        for plane, value in ((self.u, color.u), (self.v, color.v)):
            part = plane[top // 2 : bottom // 2, left // 2 : right // 2]
            part += (np.float32(value) - part) * small
        if self.mask is not None:
            noted = self.mask[top:bottom, left:right]
            np.maximum(noted, alpha, out=noted)


def _grid(box: tuple[int, int, int, int]) -> tuple[Plane, Plane]:
    left, top, right, bottom = box
    xs = np.arange(left + 0.5, right, dtype=np.float32)[None, :]
    ys = np.arange(top + 0.5, bottom, dtype=np.float32)[:, None]
    return xs, ys


def _coverage(distance: Plane, soft: float, opacity: float) -> Plane:
    """Turn distances from the edge, positive inside, into a coverage; in place."""
    distance *= np.float32(0.5 / soft)
    distance += np.float32(0.5)
    np.clip(distance, 0, 1, out=distance)
    if opacity != 1:
        distance *= np.float32(opacity)
    return distance
