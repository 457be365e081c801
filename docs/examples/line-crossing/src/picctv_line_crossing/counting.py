"""Who crosses which line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from picctv_line_crossing.models import Line
    from picctv_line_crossing.tracks import Track

FEWEST = 3
"""In how many pictures something has to be seen before it can cross anything."""

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Crossing:
    """That something crossed a line.

    Attributes:
        line: the line's name.
        direction: what this direction is called.
        track: the number of the thing.
        at_ns: when it was beyond the line.
        x: where it was then, in fractions of the picture.
        y: the same, from the top.
    """

    line: str
    direction: str
    track: int
    at_ns: int
    x: float
    y: float


@dataclass
class _Beside:
    """On which side of a line something last was for certain, and where."""

    side: int
    x: float
    y: float
    seen_ns: int


class Counter:
    """Sees crossings of some lines; it keeps the side on which each thing was."""

    def __init__(self, lines: Sequence[Line], margin: float) -> None:
        self._lines = lines
        self._margin = margin
        self._beside: dict[tuple[int, str], _Beside] = {}

    def look(self, tracks: Sequence[Track], at_ns: int, kept_ns: int) -> list[Crossing]:
        """Take where things are at a time, and give who crossed what since the last.

        Args:
            tracks: those that were seen.
            at_ns: the time.
            kept_ns: after how long something that was not seen is forgotten.
        """
        found = []
        for track in tracks:
            if track.seen < FEWEST:
                continue
            for line in self._lines:
                crossing = self._cross(track, line, at_ns)
                if crossing is not None:
                    found.append(crossing)
        self._beside = {
            key: beside for key, beside in self._beside.items() if at_ns - beside.seen_ns <= kept_ns
        }
        return found

    def _cross(self, track: Track, line: Line, at_ns: int) -> Crossing | None:
        key = (track.id, line.name)
        before = self._beside.get(key)
        across = _across(line, track.x, track.y)
        nearest = min(across, _across(line, track.last_x, track.last_y), key=abs)
        if abs(nearest) < self._margin or (nearest > 0) != (across > 0):
            if before is not None:
                before.seen_ns = at_ns
            return None
        side = 1 if across > 0 else -1
        self._beside[key] = _Beside(side, track.x, track.y, at_ns)
        if before is None or before.side == side:
            return None
        # Beyond the ends of the line one walks around it.
        crossed_at = before.x, before.y, _across(line, before.x, before.y)
        part = crossed_at[2] / (crossed_at[2] - across)
        x = crossed_at[0] + part * (track.x - crossed_at[0])
        y = crossed_at[1] + part * (track.y - crossed_at[1])
        if not 0.0 <= _along(line, x, y) <= 1.0:
            return None
        direction = line.to_right if side > 0 else line.to_left
        return Crossing(line.name, direction, track.id, at_ns, x, y)


def _across(line: Line, x: float, y: float) -> float:
    """Give the distance of a point from the line, positive at the right hand of who walks from start to end."""
    dx, dy = line.end[0] - line.start[0], line.end[1] - line.start[1]
    return (dx * (y - line.start[1]) - dy * (x - line.start[0])) / math.hypot(dx, dy)


def _along(line: Line, x: float, y: float) -> float:
    """Give how far along the line a point is: 0 at its start, 1 at its end."""
    dx, dy = line.end[0] - line.start[0], line.end[1] - line.start[1]
    return ((x - line.start[0]) * dx + (y - line.start[1]) * dy) / (dx * dx + dy * dy)
