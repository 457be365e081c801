"""People: a jointed figure that walks, stands and sits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_core.sources.scenes.canvas import Color, rgb

if TYPE_CHECKING:
    import random

    from picctv_core.sources.scenes.canvas import Canvas, Point
    from picctv_core.sources.scenes.view import View

_STEP_M = 0.72
_SKIN = (rgb(224, 178, 150), rgb(198, 146, 112), rgb(150, 102, 74), rgb(104, 70, 52))
_HAIR = (rgb(42, 32, 26), rgb(84, 58, 38), rgb(150, 120, 78), rgb(120, 118, 116), rgb(24, 22, 22))
_TOPS = (
    rgb(150, 40, 42), rgb(38, 62, 112), rgb(206, 202, 192), rgb(52, 56, 60), rgb(62, 98, 70), rgb(196, 150, 60),
    rgb(104, 84, 120), rgb(30, 32, 38),
)  # fmt: skip
_LEGS = (rgb(38, 48, 74), rgb(44, 42, 42), rgb(112, 98, 78), rgb(74, 80, 92))


@dataclass(frozen=True, slots=True)
class Looks:
    """What a person looks like: the same through a whole visit."""

    height: float
    top: Color
    legs: Color
    skin: Color
    hair: Color

    @classmethod
    def drawn_from(cls, rng: random.Random) -> Looks:
        """Choose looks by chance."""
        return cls(
            rng.uniform(0.92, 1.05),
            rng.choice(_TOPS),
            rng.choice(_LEGS),
            rng.choice(_SKIN),
            rng.choice(_HAIR),
        )


@dataclass(frozen=True, slots=True)
class Pose:
    """How a person stands in the world at one moment.

    Attributes:
        x: metres to the right.
        z: metres away.
        heading: radians; 0 is to the right, a quarter turn is away from the camera.
        walked: metres walked so far; the legs swing with it.
        stride: 0 for standing to 1 for walking.
        sitting: 0 for upright to 1 for sitting on a chair.
    """

    x: float
    z: float
    heading: float
    walked: float
    stride: float
    sitting: float = 0.0


class Person:
    """Draws one person."""

    def __init__(self, looks: Looks) -> None:
        """Keep the looks."""
        self._looks = looks

    def shadow(self, canvas: Canvas, view: View, pose: Pose, sun: tuple[float, float], depth: float) -> None:
        """Draw the shadow: a soft streak on the ground away from the light, and a dark spot under the feet.

        Args:
            canvas: draws.
            view: the camera.
            pose: where the person is.
            sun: metres that the shadow of one metre's height reaches, in x and z.
            depth: 0 for no shadow to 1 for black.
        """
        scale = view.scale(pose.z)
        spread = 0.2
        reach = 1.65 * self._looks.height * (1 - 0.45 * pose.sitting)
        far_x, far_z = pose.x + sun[0] * reach, pose.z + sun[1] * reach
        streak = [
            view.point(pose.x - spread * 0.6, 0, pose.z),
            view.point(pose.x + spread * 0.6, 0, pose.z),
            view.point(far_x + spread, 0, far_z),
            view.point(far_x - spread, 0, far_z),
        ]
        canvas.shadow(streak, soft=max(1.0, 0.06 * scale), depth=depth)
        spot = view.point(pose.x, 0, pose.z)
        canvas.ellipse(
            spot, (0.26 * scale, 0.09 * scale), Color(16, 128, 128), soft=0.08 * scale, opacity=depth * 1.1
        )

    def draw(self, canvas: Canvas, view: View, pose: Pose, light: float) -> tuple[float, float, float, float]:
        """Draw the person and give its rectangle: left, top, right, bottom in pixels."""
        figure = _Figure(view, pose, self._looks.height)
        looks = self._looks
        scale = figure.scale
        top, legs, skin, hair = (
            color.lit(light) for color in (looks.top, looks.legs, looks.skin, looks.hair)
        )
        shoes = rgb(34, 30, 30).lit(light)
        shade = 14 * light

        def limb(points: list[Point], radii: tuple[float, float, float], color: Color) -> None:
            canvas.capsule(points[0], points[1], (radii[0] * scale, radii[1] * scale), color, shade=shade)
            canvas.capsule(points[1], points[2], (radii[1] * scale, radii[2] * scale), color, shade=shade)

        far, near = figure.sides()
        for side in (far, near):
            tint = 0.86 if side == far else 1.0
            if side == far:
                self._arm(canvas, figure, side, top.lit(0.82), skin.lit(0.82), shade)
            joints = figure.leg(side)
            limb(joints[:3], (0.088, 0.066, 0.046), legs.lit(tint))
            canvas.capsule(joints[2], joints[3], (0.05 * scale, 0.038 * scale), shoes)
        pelvis, chest, neck, head = figure.trunk()
        broad = 0.125 + 0.055 * figure.frontal
        canvas.capsule(neck, head, (0.058 * scale, 0.055 * scale), skin.lit(0.88))
        canvas.capsule(pelvis, figure.waist(), (broad * 0.92 * scale, broad * 0.9 * scale), legs, shade=shade)
        canvas.capsule(
            figure.waist(), chest, (broad * 0.95 * scale, broad * 1.1 * scale), top, shade=shade * 1.4
        )
        self._head(canvas, figure, head, skin, hair)
        self._arm(canvas, figure, near, top.lit(1.07), skin, shade)
        return figure.bounds(head)

    @staticmethod
    def _arm(canvas: Canvas, figure: _Figure, side: int, sleeve: Color, skin: Color, shade: float) -> None:
        shoulder, elbow, hand = figure.arm(side)
        scale = figure.scale
        canvas.capsule(shoulder, elbow, (0.062 * scale, 0.05 * scale), sleeve, shade=shade)
        canvas.capsule(elbow, hand, (0.05 * scale, 0.038 * scale), sleeve, shade=shade)
        canvas.ellipse(hand, (0.045 * scale, 0.05 * scale), skin)

    @staticmethod
    def _head(canvas: Canvas, figure: _Figure, head: Point, skin: Color, hair: Color) -> None:
        scale = figure.scale
        forward = math.cos(figure.heading) * 0.035 * scale
        canvas.ellipse(
            (head[0] - forward * 0.4, head[1] - 0.02 * scale), (0.108 * scale, 0.128 * scale), hair, shade=8
        )
        # The face turns away as the person does: from behind only hair is seen.
        towards = -math.sin(figure.heading)
        if towards > -0.75:
            size = (0.085 + 0.01 * min(0.0, towards)) * scale
            center = (head[0] + forward, head[1] + 0.035 * scale)
            canvas.ellipse(center, (size, 0.098 * scale), skin, shade=12)


class _Figure:
    """Where a person's joints are, in pixels."""

    def __init__(self, view: View, pose: Pose, size: float) -> None:
        self._view = view
        self._pose = pose
        self._size = size
        self.heading = pose.heading
        self._ahead = (math.cos(pose.heading), math.sin(pose.heading))
        self.frontal = abs(self._ahead[1])
        self.scale = view.scale(pose.z) * size
        self._phase = pose.walked / size * math.pi / _STEP_M
        upright = 0.9 - 0.018 * pose.stride * (1 - math.cos(2 * self._phase))
        self._hip = upright + (0.47 - upright) * pose.sitting

    def sides(self) -> tuple[int, int]:
        """Give the side that is further away, then the nearer one: -1 or 1."""
        far = 1 if self._ahead[0] > 0 else -1
        return far, -far

    def _at(self, forward: float, aside: float, up: float) -> Point:
        ahead_x, ahead_z = self._ahead
        x = self._pose.x + (forward * ahead_x - aside * ahead_z) * self._size
        z = self._pose.z + (forward * ahead_z + aside * ahead_x) * self._size
        return self._view.point(x, up * self._size, z)

    def leg(self, side: int) -> list[Point]:
        """Give hip, knee, ankle and toe."""
        phase = self._phase + (math.pi if side > 0 else 0)
        pose = self._pose
        thigh = 0.46 * math.sin(phase) * pose.stride
        knee = (0.12 + 0.85 * max(0.0, math.cos(phase)) ** 1.5) * pose.stride
        thigh += (1.45 - thigh) * pose.sitting
        knee += (1.4 - knee) * pose.sitting
        aside = 0.085 * side
        forward, up = 0.0, self._hip
        joints = [self._at(forward, aside, up)]
        for angle, length in ((thigh, 0.44), (thigh - knee, 0.42)):
            forward += math.sin(angle) * length
            up -= math.cos(angle) * length
            joints.append(self._at(forward, aside, max(0.05, up)))
        lifted = max(0.0, up - 0.06)
        joints.append(self._at(forward + 0.17, aside, max(0.03, 0.03 + lifted * 0.6)))
        return joints

    def arm(self, side: int) -> list[Point]:
        """Give shoulder, elbow and hand."""
        phase = self._phase + (0 if side > 0 else math.pi)
        pose = self._pose
        upper = 0.4 * math.sin(phase) * pose.stride + 0.45 * pose.sitting
        bend = 0.18 + 0.32 * pose.stride + 0.9 * pose.sitting
        aside = 0.19 * side
        forward, up = 0.03 * pose.stride, self._hip + 0.52
        joints = [self._at(forward, aside, up)]
        for angle, length in ((upper, 0.3), (upper + bend, 0.27)):
            forward += math.sin(angle) * length
            up -= math.cos(angle) * length
            joints.append(self._at(forward, aside * 1.12, up))
        return joints

    def waist(self) -> Point:
        """Give the waist, where trousers end."""
        return self._at(0.01 * self._pose.stride, 0, self._hip + 0.14)

    def trunk(self) -> tuple[Point, Point, Point, Point]:
        """Give pelvis, chest, neck and the head's middle."""
        lean = 0.05 * self._pose.stride
        return (
            self._at(0, 0, self._hip + 0.02),
            self._at(lean * 0.7, 0, self._hip + 0.42),
            self._at(lean, 0, self._hip + 0.58),
            self._at(lean + 0.03, 0, self._hip + 0.72),
        )

    def bounds(self, head: Point) -> tuple[float, float, float, float]:
        """Give the rectangle around the figure."""
        points = [head, *self.leg(-1), *self.leg(1), *self.arm(-1), *self.arm(1)]
        xs = [point[0] for point in points]
        reach = 0.08 * self.scale
        bottom = max(point[1] for point in points) + 0.3 * reach
        return min(xs) - reach, head[1] - 0.15 * self.scale, max(xs) + reach, bottom
