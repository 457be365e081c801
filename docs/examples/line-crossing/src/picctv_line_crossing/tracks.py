"""Following boxes from picture to picture, so that each thing keeps its number.

Boxes and known things are paired greedily, the nearest pair first, by the distance between a box and where the thing
should be by now, in units of their size. It is the simplest tracker that can count (compare A. Bewley et al., "Simple
online and realtime tracking", 2016, which pairs by overlap).

Things that pass each other are one box for a while. Those that were followed before go on within it, each at its own
pace, and are paired with boxes of their own again when it falls apart. A group that was one box from the beginning is
one thing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Box = tuple[float, float, float, float]

SECOND = 1_000_000_000

FARTHEST = 0.7
"""The greatest distance of a pair, in units of the mean of the two's width and height."""

GROUP = 1.8
"""A box with so many times the area of a thing holds something else, too."""

SHARE = 0.4
"""How much of a new place is believed, for boxes flicker; of a new velocity and size, less."""

SLOW_SHARE = SHARE * SHARE / (2 - SHARE)


@dataclass
class Track:
    """A thing that is followed; lengths are fractions of the picture.

    Attributes:
        id: its number, never given again.
        x: its foot, smoothed: the middle of the lower edge of its box.
        y: the same, from the top.
        width: of its box, smoothed.
        height: the same.
        at_ns: the time of the above.
        seen: in how many pictures it had a box of its own.
        vx: how fast it goes, a second.
        vy: the same, downwards.
        lone_ns: when it last had a box of its own.
        last_x: its foot as it was last seen, not smoothed: who stops is ahead of it for a moment otherwise.
        last_y: the same, from the top.
    """

    id: int
    x: float
    y: float
    width: float
    height: float
    at_ns: int
    seen: int = 1
    vx: float = 0.0
    vy: float = 0.0
    lone_ns: int = 0
    last_x: float = 0.0
    last_y: float = 0.0

    @classmethod
    def begin(cls, number: int, box: Box, at_ns: int) -> Track:
        """Begin to follow what is in a box."""
        left, top, width, height = box
        x, y = left + width / 2, top + height
        return cls(number, x, y, width, height, at_ns, lone_ns=at_ns, last_x=x, last_y=y)

    def expected(self, at_ns: int) -> tuple[float, float]:
        """Give where its foot should be at a time."""
        seconds = (at_ns - self.at_ns) / SECOND
        return self.x + self.vx * seconds, self.y + self.vy * seconds

    def distance(self, box: Box, at_ns: int) -> float:
        """Give the distance between a box and where this should be at a time; endless for a group's."""
        left, top, width, height = box
        if width * height > GROUP * self.width * self.height:
            return math.inf
        x, y = self.expected(at_ns)
        return math.hypot(
            (left + width / 2 - x) / max((self.width + width) / 2, 0.02),
            (top + height - y) / max((self.height + height) / 2, 0.02),
        )

    def within(self, box: Box, at_ns: int) -> bool:
        """Say whether it should be inside a box at a time."""
        left, top, width, height = box
        x, y = self.expected(at_ns)
        middle = y - self.height / 2
        return left <= x <= left + width and top <= middle <= top + height

    def move(self, box: Box, at_ns: int) -> None:
        """Take a box as this thing's own."""
        left, top, width, height = box
        seconds = max((at_ns - self.at_ns) / SECOND, 1e-3)
        x, y = self.expected(at_ns)
        # An alpha-beta filter: the place takes a share of the error, the velocity a smaller one.
        self.last_x, self.last_y = left + width / 2, top + height
        error_x, error_y = self.last_x - x, self.last_y - y
        self.x, self.y = x + SHARE * error_x, y + SHARE * error_y
        self.vx += SLOW_SHARE * error_x / seconds
        self.vy += SLOW_SHARE * error_y / seconds
        self.width += SLOW_SHARE * (width - self.width)
        self.height += SLOW_SHARE * (height - self.height)
        self.at_ns = self.lone_ns = at_ns
        self.seen += 1

    def ride(self, at_ns: int) -> None:
        """Go on at the same pace, hidden in a group."""
        self.x, self.y = self.last_x, self.last_y = self.expected(at_ns)
        self.at_ns = at_ns


class Tracker:
    """Follows the boxes of one camera.

    Args:
        lost_after_s: for how many seconds a thing without a box of its own stays known; in a group, for twice as long.
    """

    def __init__(self, lost_after_s: float) -> None:
        self._lost_after_ns = round(lost_after_s * SECOND)
        self._next = 1
        self._tracks: list[Track] = []

    def update(self, boxes: Iterable[Sequence[float]], at_ns: int) -> list[Track]:
        """Take the boxes of a picture, and give the things that are in it.

        Args:
            boxes: (x, y, width, height) of each, in fractions of the picture.
            at_ns: when it was captured, in nanoseconds.
        """
        self._tracks = [track for track in self._tracks if self._known(track, at_ns)]
        waiting: list[Box] = [(float(x), float(y), float(w), float(h)) for x, y, w, h in boxes]
        pairs = sorted(
            (distance, own, other)
            for own, track in enumerate(self._tracks)
            for other, box in enumerate(waiting)
            if (distance := track.distance(box, at_ns)) <= FARTHEST
        )
        paired: dict[int, int] = {}
        for _, own, other in pairs:
            if own not in paired and other not in paired.values():
                paired[own] = other
        seen = []
        taken = set(paired.values())
        for own, track in enumerate(self._tracks):
            if own in paired:
                track.move(waiting[paired[own]], at_ns)
                seen.append(track)
                continue
            around = [other for other, box in enumerate(waiting) if track.within(box, at_ns)]
            if around:
                track.ride(at_ns)
                taken.update(around)
                seen.append(track)
        for other, (left, top, width, height) in enumerate(waiting):
            if other in taken:
                continue
            new = Track(self._next, left + width / 2, top + height, width, height, at_ns, lone_ns=at_ns)
            self._next += 1
            self._tracks.append(new)
            seen.append(new)
        return seen

    def _known(self, track: Track, at_ns: int) -> bool:
        return at_ns - track.at_ns <= self._lost_after_ns and at_ns - track.lone_ns <= 2 * self._lost_after_ns
