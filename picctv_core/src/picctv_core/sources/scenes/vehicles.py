"""Cars and vans: a side profile given depth, so that bonnet, screens and roof are seen from above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_core.sources.scenes.canvas import Color, rgb

if TYPE_CHECKING:
    import random

    from picctv_core.sources.scenes.canvas import Canvas, Point
    from picctv_core.sources.scenes.view import View

_PAINTS = (
    rgb(168, 172, 176), rgb(210, 210, 206), rgb(44, 48, 54), rgb(132, 34, 34), rgb(40, 66, 116), rgb(84, 92, 84),
    rgb(182, 160, 116), rgb(26, 28, 30),
)  # fmt: skip
_GLASS = rgb(52, 62, 72)
_TYRE = rgb(26, 26, 27)
_HUB = rgb(148, 150, 152)
_UNDER = rgb(22, 22, 23)

Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of vehicle; metres, x from the rear end forward, up from the ground.

    Attributes:
        length: from end to end.
        width: across.
        top: the upper outline from rear to front, with what each piece of it is: paint or glass.
        body: the side's lower part, convex.
        cabin: the side's upper part, convex.
        windows: the side's windows, each convex.
        wheels: the x of both axles.
        wheel: a wheel's radius.
    """

    length: float
    width: float
    top: tuple[tuple[float, float, str], ...]
    body: Outline
    cabin: Outline
    windows: tuple[Outline, ...]
    wheels: tuple[float, float]
    wheel: float


CAR = Model(
    4.25,
    1.75,
    (
        (0.0, 0.32, "paint"), (0.02, 0.78, "paint"), (0.12, 0.98, "glass"), (0.62, 1.42, "paint"),
        (2.2, 1.46, "glass"), (3.05, 1.0, "paint"), (4.08, 0.84, "paint"), (4.25, 0.58, "paint"), (4.22, 0.3, "paint"),
    ),
    ((0.0, 0.32), (0.02, 0.78), (0.12, 0.98), (3.05, 1.0), (4.08, 0.84), (4.25, 0.58), (4.22, 0.3)),
    ((0.12, 0.96), (0.62, 1.42), (1.4, 1.47), (2.2, 1.46), (3.05, 0.99)),
    (((0.42, 1.02), (0.78, 1.35), (1.42, 1.39), (1.42, 1.02)), ((1.52, 1.02), (1.52, 1.39), (2.14, 1.38), (2.78, 1.03))),
    (0.82, 3.42),
    0.31,
)  # fmt: skip

VAN = Model(
    5.1,
    1.95,
    (
        (0.0, 0.35, "paint"), (0.0, 2.0, "paint"), (0.15, 2.12, "paint"), (3.3, 2.12, "glass"), (4.25, 1.2, "paint"),
        (4.95, 1.02, "paint"), (5.1, 0.7, "paint"), (5.08, 0.32, "paint"),
    ),
    ((0.0, 0.35), (0.0, 1.22), (4.25, 1.22), (4.95, 1.02), (5.1, 0.7), (5.08, 0.32)),
    ((0.0, 1.2), (0.0, 2.0), (0.15, 2.12), (3.3, 2.12), (4.25, 1.2)),
    (((2.75, 1.28), (2.75, 1.92), (3.24, 1.94), (3.95, 1.28)),),
    (0.95, 4.15),
    0.34,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paint:
    """What a vehicle looks like."""

    model: Model
    color: Color

    @classmethod
    def drawn_from(cls, rng: random.Random, model: Model) -> Paint:
        """Choose a colour by chance; vans are mostly white."""
        return cls(model, rgb(216, 216, 212) if model is VAN and rng.random() < 0.6 else rng.choice(_PAINTS))


class Vehicle:
    """Draws one vehicle that goes along x."""

    def __init__(self, paint: Paint) -> None:
        """Keep the looks."""
        self._paint = paint

    def shadow(self, canvas: Canvas, view: View, x: float, z: float, depth: float) -> None:
        """Draw the shadow under it and beside it; `x`, `z` is the middle of its near side on the ground."""
        model = self._paint.model
        half = model.length / 2
        for grow, share in ((0.28, 0.45), (0.02, 0.75)):
            corners = [
                view.point(x - half - grow * 0.3, 0, z - 0.12),
                view.point(x + half + grow, 0, z - 0.12),
                view.point(x + half + grow * 2.2, 0, z + model.width + grow),
                view.point(x - half + grow, 0, z + model.width + grow),
            ]
            canvas.shadow(corners, soft=0.05 * view.scale(z) + 1, depth=depth * share)

    def draw(
        self,
        canvas: Canvas,
        view: View,
        x: float,
        z: float,
        facing: int,
        light: float,
        *,
        braking: bool = False,
    ) -> tuple[float, float, float, float]:
        """Draw it and give its rectangle in pixels.

        Args:
            canvas: draws.
            view: the camera.
            x: the middle of its length, metres.
            z: its near side, metres.
            facing: 1 for to the right, -1 for to the left.
            light: the light's strength, about 1.
            braking: whether its brake lights are on.
        """
        model, color = self._paint.model, self._paint.color.lit(light)
        rear = x - facing * model.length / 2

        def at(along: float, up: float, deep: float = 0.0) -> Point:
            return view.point(rear + facing * along, up, z + deep)

        for near, far in zip(model.top, model.top[1:], strict=False):
            if not self._seen(view, rear, facing, near, far):
                continue
            rises = abs(far[1] - near[1]) / max(0.05, abs(far[0] - near[0]))
            surface = (
                _GLASS.lit(light * 1.25) if near[2] == "glass" else color.lit(1.16 - min(0.4, rises * 0.12))
            )
            quad = [at(*near[:2]), at(*far[:2]), at(*far[:2], model.width), at(*near[:2], model.width)]
            canvas.polygon(quad, surface)
        canvas.polygon(
            [at(0.1, 0.2), at(model.length - 0.1, 0.2), at(model.length - 0.2, 0.45), at(0.2, 0.45)], _UNDER
        )
        canvas.polygon([at(*point) for point in model.cabin], color.lit(0.95))
        canvas.polygon([at(*point) for point in model.body], color.lit(0.88))
        sill = [at(0.05, 0.3), at(model.length - 0.05, 0.3), at(model.length - 0.02, 0.52), at(0.02, 0.52)]
        canvas.polygon(sill, color.lit(0.7), soft=2.0)
        waist = model.body[-3][1] if model is CAR else 1.1
        canvas.capsule(at(0.1, waist), at(model.length - 0.15, waist - 0.06), (0.6, 0.6), color.lit(1.18))
        for window in model.windows:
            canvas.polygon([at(*point) for point in window], _GLASS.lit(light))
            upper = [
                window[1],
                window[2],
                ((window[2][0] + window[3][0]) / 2, (window[2][1] + window[3][1]) / 2),
            ]
            canvas.polygon([at(*point) for point in upper], _GLASS.lit(light * 1.5), soft=1.5, opacity=0.6)
        scale = view.scale(z)
        self._lamps(canvas, at(model.length - 0.12, 0.68), at(0.07, 0.8), scale, light, braking=braking)
        for axle in model.wheels:
            center = at(axle, model.wheel)
            canvas.ellipse(center, ((model.wheel + 0.07) * scale, (model.wheel + 0.07) * scale), _UNDER)
            canvas.ellipse(center, (model.wheel * scale, model.wheel * scale), _TYRE.lit(light))
            canvas.ellipse(center, (0.19 * scale, 0.19 * scale), _HUB.lit(0.85 * light))
            canvas.ellipse(center, (0.07 * scale, 0.07 * scale), _UNDER)
        return self._bounds(view, x, z)

    def _lamps(
        self, canvas: Canvas, front: Point, back: Point, scale: float, light: float, *, braking: bool
    ) -> None:
        canvas.ellipse(front, (0.08 * scale, 0.055 * scale), rgb(238, 236, 222).lit(light))
        canvas.ellipse(
            back, (0.05 * scale, 0.085 * scale), rgb(226, 36, 30) if braking else rgb(126, 24, 24).lit(light)
        )

    @staticmethod
    def _seen(
        view: View, rear: float, facing: int, a: tuple[float, float, str], b: tuple[float, float, str]
    ) -> bool:
        """Say whether a piece of the outline looks towards the camera, which is at x = 0 and `view.lift` up."""
        ax, bx = rear + facing * a[0], rear + facing * b[0]
        normal_x, normal_up = -(b[1] - a[1]) * facing, b[0] - a[0]
        return (0 - (ax + bx) / 2) * normal_x + (view.lift - (a[1] + b[1]) / 2) * normal_up > 0

    def _bounds(self, view: View, x: float, z: float) -> tuple[float, float, float, float]:
        model = self._paint.model
        half, height = model.length / 2, max(point[1] for point in model.top)
        points = [
            view.point(x + along, up, z + deep)
            for along in (-half, half) for up in (0.0, height) for deep in (0.0, model.width)
        ]  # fmt: skip
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        return min(xs), min(ys), max(xs), view.point(x, 0, z)[1]
