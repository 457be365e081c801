"""The actors of the drawn scenes: people and vehicles on their ways."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from picctv_core.sources.scenes.people import Looks, Person, Pose
from picctv_core.sources.scenes.vehicles import VAN, Paint, Vehicle

if TYPE_CHECKING:
    from picctv_core.sources.scenes.canvas import Canvas
    from picctv_core.sources.scenes.paths import Path
    from picctv_core.sources.scenes.view import View

_WALKING_M_S = 1.1
_MOVING_M_S = 0.05
_SIT_DOWN_S = 1.1

Rectangle = tuple[float, float, float, float]


class Walker:
    """A person on a way; it may sit down for a while where it stops."""

    def __init__(
        self,
        looks: Looks,
        path: Path,
        sun: tuple[float, float],
        *,
        seated: tuple[float, float] | None = None,
        seat_heading: float = 0.0,
    ) -> None:
        """Keep the way.

        Args:
            looks: what it looks like.
            path: where it goes.
            sun: see `Person.shadow`.
            seated: from when to when it sits or is about to, in the path's seconds.
            seat_heading: which way it looks when it sits, radians.
        """
        self._person = Person(looks)
        self._path = path
        self._sun = sun
        self._seated = seated
        self._seat_heading = seat_heading
        self.duration = path.duration

    def depth(self, time: float) -> float:
        """Give how far away it is, metres."""
        return self._path.at(time).z

    def shadow(self, canvas: Canvas, view: View, time: float, depth: float) -> None:
        """Draw the shadow."""
        self._person.shadow(canvas, view, self._pose(time)[0], self._sun, depth)

    def draw(self, canvas: Canvas, view: View, time: float, light: float) -> tuple[str, bool, Rectangle]:
        """Draw the person."""
        pose, moving = self._pose(time)
        return "person", moving, self._person.draw(canvas, view, pose, light)

    def _pose(self, time: float) -> tuple[Pose, bool]:
        state = self._path.at(time)
        stride = min(1.0, state.speed / _WALKING_M_S)
        sitting = 0.0
        heading = state.heading
        if self._seated is not None:
            begin, end = self._seated
            part = min((time - begin) / _SIT_DOWN_S, (end - time) / _SIT_DOWN_S, 1.0)
            sitting = _eased(max(0.0, part))
            heading = _turned(heading, self._seat_heading, _eased(min(1.0, max(0.0, part * 1.6))))
        moving = state.speed > _MOVING_M_S or 0 < sitting < 1
        return Pose(state.x, state.z, heading, state.walked, stride, sitting), moving


class Driver:
    """A vehicle on a way along x."""

    def __init__(self, paint: Paint, path: Path, facing: int) -> None:
        """Keep the way; `facing` is 1 for to the right, -1 for to the left."""
        self._vehicle = Vehicle(paint)
        self._kind = "van" if paint.model is VAN else "car"
        self._path = path
        self._facing = facing
        self.duration = path.duration

    def depth(self, time: float) -> float:
        """Give how far away its near side is, metres."""
        return self._path.at(time).z

    def shadow(self, canvas: Canvas, view: View, time: float, depth: float) -> None:
        """Draw the shadow."""
        state = self._path.at(time)
        self._vehicle.shadow(canvas, view, state.x, state.z, depth)

    def draw(self, canvas: Canvas, view: View, time: float, light: float) -> tuple[str, bool, Rectangle]:
        """Draw the vehicle."""
        state = self._path.at(time)
        braking = self._path.at(time + 0.5).speed < state.speed - 0.3 or state.speed < _MOVING_M_S
        rectangle = self._vehicle.draw(canvas, view, state.x, state.z, self._facing, light, braking=braking)
        return self._kind, state.speed > _MOVING_M_S, rectangle


def _eased(part: float) -> float:
    return part * part * (3 - 2 * part)


def _turned(begin: float, end: float, part: float) -> float:
    """Give the angle a part of the way from one to another, the short way round."""
    return begin + math.remainder(end - begin, 2 * math.pi) * part
