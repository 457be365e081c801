"""Who goes where: boxes of one picture after another, told apart by numbers that stay with the things.

Each thing is expected where its speed takes it, and the boxes go to the things that they lie nearest to, the surest
pairs first. All is reckoned by time, so pictures may come as often as they like, and some may be missing: a thing that
is not seen is awaited for a second. Where two things pass each other, the detector sees one large box for a while; both
are then taken on at their own speeds within that box, and are told apart again when they part.

Greedy assignment on predicted places does as well as an optimal one while things are few, and costs less; compare
Bewley et al., Simple Online and Realtime Tracking, 2016.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Box = Sequence[float]

SECOND = 1_000_000_000

AWAITED_S = 1.0
"""For how long a thing that is not seen may come again, and be the same."""

SPEED_S = 0.3
"""Within what time a speed is learnt: boxes tremble by a cell or two."""

SURPRISE = 0.25
"""By how much, in parts of the picture and a second, the speed of a thing may be other than it was."""

UNKNOWN = 0.6
"""The same for a thing that was seen once only, and has no speed yet."""

GROWTH = 10.0
"""How many times larger or smaller a box may be than that before, and be of the same thing."""

WITHIN = 0.6
"""The part of a thing's expected box that lies in a larger one, at least, where that hides several things."""

LARGER = 1.3
"""How many times larger than each of the things such a box is, at least."""

MAX_BOXES = 32
"""So many boxes of a picture are followed, the first ones; rain at night can bring hundreds."""

MAX_THINGS = 64
"""So many things are followed or awaited."""

MAX_TRACKS = 50
"""So many tracks are kept, the longest: an event on a busy street can go on for hours."""

MAX_POINTS = 100
"""So many boxes are kept of each track; of a longer one fewer for each second."""


@dataclass(eq=False)
class _Thing:
    """A thing, and its track.

    Attributes:
        number: which one it is.
        x: where its middle is, or is expected, in parts of the picture; y the same.
        w: the width of its box; h its height.
        vx: its speed in parts of the picture a second; vy the same.
        at_ns: the time of these.
        first_ns: when it was first seen, in a box of its own; seen_ns when last.
        here_ns: when it was last known to be in the picture, be it in a box that hides it.
        points: [at_ns, x, y, w, h] of its boxes, x and y of the left top corner.
        step_ns: the least time between two of these, but for the newest.
    """

    number: int
    x: float
    y: float
    w: float
    h: float
    at_ns: int
    first_ns: int
    seen_ns: int
    here_ns: int
    vx: float = 0.0
    vy: float = 0.0
    points: list[list[Any]] = field(default_factory=list)
    step_ns: int = 0

    def expect(self, at_ns: int) -> None:
        """Go on to where it is expected at a time."""
        seconds = (at_ns - self.at_ns) / SECOND
        self.x += self.vx * seconds
        self.y += self.vy * seconds
        self.at_ns = at_ns

    def slack(self) -> float:
        """Give how far from where it is expected it may be, in parts of the picture."""
        known = self.seen_ns > self.first_ns
        seconds = min((self.at_ns - self.seen_ns) / SECOND, AWAITED_S)
        return (SURPRISE if known else UNKNOWN) * seconds

    def see(self, box: Box) -> None:
        """Take the box that is its own, at the time that it was expected for."""
        x, y, w, h = box
        middle_x, middle_y = x + w / 2, y + h / 2
        seconds = (self.at_ns - self.seen_ns) / SECOND
        if seconds > 0:
            # Where it was expected lies off by what its speed is off. The first speeds are taken as they are.
            age = (self.at_ns - self.first_ns) / SECOND
            share = min(1.0, seconds / min(SPEED_S, age))
            self.vx += share * (middle_x - self.x) / seconds
            self.vy += share * (middle_y - self.y) / seconds
        self.x, self.y, self.w, self.h = middle_x, middle_y, w, h
        self.seen_ns = self.here_ns = self.at_ns
        self.keep(box)

    def stay_within(self, box: Box) -> None:
        """Take that it is somewhere in a box that hides several things."""
        x, y, w, h = box
        self.x = _between(self.x, x + self.w / 2, x + w - self.w / 2)
        self.y = _between(self.y, y + self.h / 2, y + h - self.h / 2)
        self.here_ns = self.at_ns

    def keep(self, box: Box) -> None:
        """Add a box to the track; the newest always stands there."""
        points = self.points
        if len(points) > 1 and self.at_ns - points[-2][0] < self.step_ns:
            points.pop()
        points.append([self.at_ns, *box])
        if len(points) > MAX_POINTS:
            self.points = points[:-1:2] + points[-1:]
            self.step_ns = 2 * (self.at_ns - self.first_ns) // MAX_POINTS

    @property
    def length_ns(self) -> int:
        """Give how long its track is."""
        return int(self.points[-1][0]) - self.first_ns

    def told(self) -> dict[str, Any]:
        """Give the track as plain data."""
        return {
            "id": self.number,
            "from_ns": self.points[0][0],
            "to_ns": self.points[-1][0],
            "boxes": self.points,
        }


class Tracks:
    """The tracks of one event, and the things that are in the picture."""

    def __init__(self) -> None:
        self._things: list[_Thing] = []
        self._gone: list[_Thing] = []
        self._count = 0

    def see(self, boxes: Sequence[Box], at_ns: int) -> list[int]:
        """Take the boxes of the next picture in which something moves.

        Args:
            boxes: each [x, y, w, h] in fractions of the picture, from its left top; the largest first. Those after the
                first `MAX_BOXES` have numbers, but are not followed.
            at_ns: when it was captured; not before the last one.

        Returns:
            The number of the thing that each box shows, in the order of the boxes. The first thing has the number 1.
        """
        self._await(at_ns)
        numbers = self._follow(boxes[:MAX_BOXES], at_ns)
        for _ in boxes[MAX_BOXES:]:
            self._count += 1
            numbers.append(self._count)
        return numbers

    def _follow(self, boxes: Sequence[Box], at_ns: int) -> list[int]:
        """Give each box to a thing; give their numbers."""
        shown: dict[int, _Thing] = {}
        free = set(self._things)
        for index, hidden in self._hiding(boxes):
            for thing in hidden:
                thing.stay_within(boxes[index])
            shown[index] = min(hidden, key=lambda thing: thing.number)
            shown[index].keep(boxes[index])
            free.difference_update(hidden)
        for index, thing in _nearest(
            {index: box for index, box in enumerate(boxes) if index not in shown}, free
        ):
            thing.see(boxes[index])
            shown[index] = thing
        for index, box in enumerate(boxes):
            if index not in shown:
                shown[index] = self._begin(box, at_ns)
        return [shown[index].number for index in range(len(boxes))]

    def told(self) -> list[dict[str, Any]]:
        """Give the tracks in the order in which they began.

        Returns:
            For each ``{"id", "from_ns", "to_ns", "boxes": [[at_ns, x, y, w, h], ...]}``. A thing that was seen in a single
            picture is left out where there are others: that was noise, or a piece of another one.
        """
        things = [*self._gone, *self._things]
        lasting = [thing for thing in things if thing.length_ns > 0] or things
        return [thing.told() for thing in sorted(_longest(lasting), key=lambda thing: thing.number)]

    def _begin(self, box: Box, at_ns: int) -> _Thing:
        x, y, w, h = box
        self._count += 1
        thing = _Thing(self._count, x + w / 2, y + h / 2, w, h, at_ns, at_ns, at_ns, at_ns)
        thing.keep(box)
        self._things.append(thing)
        return thing

    def _await(self, at_ns: int) -> None:
        """Go on to a time; give up what was not seen for too long, and of too many those that were not for longest."""
        newest = sorted(self._things, key=lambda thing: thing.here_ns, reverse=True)
        here = [thing for thing in newest[:MAX_THINGS] if at_ns - thing.here_ns <= AWAITED_S * SECOND]
        self._gone += newest[len(here) :]
        for thing in here:
            thing.expect(at_ns)
        self._things = here
        if len(self._gone) > 2 * MAX_TRACKS:
            self._gone = _longest(self._gone)

    def _hiding(self, boxes: Sequence[Box]) -> Iterator[tuple[int, list[_Thing]]]:
        """Give the boxes that hide several things, each with these."""
        # Only what was seen for a while: a large thing now and then loses a piece, which is none to be hidden.
        known = [thing for thing in self._things if thing.seen_ns - thing.first_ns >= SPEED_S * SECOND]
        for index, box in enumerate(boxes):
            inside = [thing for thing in known if _part_within(thing, box) >= WITHIN]
            largest = max((thing.w * thing.h for thing in inside), default=0.0)
            if len(inside) > 1 and box[2] * box[3] >= LARGER * largest:
                known = [thing for thing in known if thing not in inside]
                yield index, inside


def _nearest(boxes: dict[int, Box], things: set[_Thing]) -> Iterator[tuple[int, _Thing]]:
    """Give the places of boxes, and the things that they belong to, the surest pairs first; each box and thing once."""
    pairs = [
        (distance, index, thing.number, thing)
        for index, box in boxes.items()
        for thing in things
        if (distance := _distance(thing, box)) is not None
    ]
    left = set(boxes)
    free = set(things)
    for _, index, _, thing in sorted(pairs, key=lambda pair: pair[:3]):
        if index in left and thing in free:
            left.remove(index)
            free.remove(thing)
            yield index, thing


def _longest(things: list[_Thing]) -> list[_Thing]:
    return sorted(things, key=lambda thing: thing.length_ns, reverse=True)[:MAX_TRACKS]


def _distance(thing: _Thing, box: Box) -> float | None:
    """Give how little a box looks like that of a thing; None where it can't be it.

    A distance of 1 is that of two boxes beside each other; twice the size counts as half of that.
    """
    x, y, w, h = box
    growth = (w * h) / (thing.w * thing.h)
    if not 1 / GROWTH <= growth <= GROWTH:
        return None
    slack = thing.slack()
    right, down = abs(x + w / 2 - thing.x), abs(y + h / 2 - thing.y)
    wide, high = (w + thing.w) / 2, (h + thing.h) / 2
    if right - slack > wide or down - slack > high:
        return None
    return math.hypot(right / (wide + slack), down / (high + slack)) + 0.5 * abs(math.log2(growth))


def _part_within(thing: _Thing, box: Box) -> float:
    """Give the part of a thing's expected box that lies within another one."""
    x, y, w, h = box
    right = min(thing.x + thing.w / 2, x + w) - max(thing.x - thing.w / 2, x)
    down = min(thing.y + thing.h / 2, y + h) - max(thing.y - thing.h / 2, y)
    return max(right, 0.0) * max(down, 0.0) / (thing.w * thing.h)


def _between(value: float, low: float, high: float) -> float:
    return (low + high) / 2 if low > high else min(max(value, low), high)
