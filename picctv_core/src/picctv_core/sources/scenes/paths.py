"""Where something is at a time: a way through the world with stops and turns."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

_SMOOTH_S = 0.35
_SAMPLES = 5
_STANDING_M_S = 0.05


@dataclass(frozen=True, slots=True)
class State:
    """Where something is: see `Path.at`."""

    x: float
    z: float
    heading: float
    walked: float
    speed: float


class Path:
    """A way along points at times; corners, starts and stops are rounded off over a third of a second."""

    def __init__(self, x: float, z: float) -> None:
        """Begin at a place, at time 0."""
        self._times = [0.0]
        self._points = [(x, z)]
        self._walked = [0.0]

    @property
    def duration(self) -> float:
        """Give the seconds from begin to end."""
        return self._times[-1]

    def to(self, x: float, z: float, speed: float) -> Path:
        """Go on to a place, at metres a second; gives the path itself."""
        last_x, last_z = self._points[-1]
        length = math.hypot(x - last_x, z - last_z)
        return self._add(x, z, length / speed, length)

    def wait(self, seconds: float) -> Path:
        """Stay for so long; gives the path itself."""
        return self._add(*self._points[-1], seconds, 0.0)

    def at(self, time: float) -> State:
        """Give the state at so many seconds since the begin; before and after, that of the ends.

        `heading` is the way it goes, or where it stands, the way it came; `walked` counts metres;
        `speed` is in metres a second.
        """
        offsets = [_SMOOTH_S * (index / (_SAMPLES - 1) - 0.5) for index in range(_SAMPLES)]
        samples = [self._raw(time + offset) for offset in offsets]
        x, z, walked = (sum(sample[part] for sample in samples) / _SAMPLES for part in range(3))
        speed = (samples[-1][2] - samples[0][2]) / _SMOOTH_S
        return State(x, z, self._heading(time, samples), walked, speed)

    def _add(self, x: float, z: float, seconds: float, length: float) -> Path:
        self._times.append(self._times[-1] + seconds)
        self._points.append((x, z))
        self._walked.append(self._walked[-1] + length)
        return self

    def _raw(self, time: float) -> tuple[float, float, float]:
        index = min(max(bisect.bisect_right(self._times, time) - 1, 0), len(self._times) - 2)
        begin, end = self._times[index], self._times[index + 1]
        part = min(max((time - begin) / (end - begin), 0.0), 1.0) if end > begin else 1.0
        (ax, az), (bx, bz) = self._points[index], self._points[index + 1]
        before, after = self._walked[index], self._walked[index + 1]
        return ax + (bx - ax) * part, az + (bz - az) * part, before + (after - before) * part

    def _heading(self, time: float, samples: list[tuple[float, float, float]]) -> float:
        dx, dz = samples[-1][0] - samples[0][0], samples[-1][1] - samples[0][1]
        if math.hypot(dx, dz) / _SMOOTH_S > _STANDING_M_S:
            return math.atan2(dz, dx)
        # Standing: look back along the way for the last move, or ahead for the first.
        index = min(max(bisect.bisect_right(self._times, time) - 1, 0), len(self._points) - 2)
        for at in (*range(index, -1, -1), *range(index + 1, len(self._points) - 1)):
            (ax, az), (bx, bz) = self._points[at], self._points[at + 1]
            if (ax, az) != (bx, bz):
                return math.atan2(bz - az, bx - ax)
        return 0.0
