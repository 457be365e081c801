"""Bars of crossings, hour by hour: one chart for each line, the directions on top of each other.

The page draws them as SVG without any script: heights in pixels, places along the day in percent of the width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from picctv_line_crossing.stored import Hour

HEIGHT = 150
"""Pixels of the highest bar that the scale allows."""

_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Piece:
    """One direction's part of an hour's bar: from `y` on, `height` pixels down; `series` counts the directions."""

    series: int
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """An hour: its place and width in percent, what it is called, and its pieces from the bottom."""

    x: float
    width: float
    title: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Tick:
    """An hour that has its name written: where in percent, the name, and whether it is left out on a narrow screen."""

    x: float
    name: str
    spare: bool


@dataclass(frozen=True)
class Chart:
    """The hours of one line.

    Attributes:
        line: the line's name.
        directions: each direction and how often it was, all hours together.
        top: the number at the top of the scale.
        bars: one for each hour.
        ticks: hours with names.
    """

    line: str
    directions: tuple[tuple[str, int], ...]
    top: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]

    @property
    def total(self) -> int:
        """All crossings."""
        return sum(count for _, count in self.directions)


def charts(hours: Sequence[Hour], starts_ns: Sequence[int], name: Callable[[int], str]) -> list[Chart]:
    """Make the charts of all lines, on one scale.

    Args:
        hours: the counts.
        starts_ns: when each hour of the time axis begins.
        name: writes such a time for people.
    """
    counts: dict[str, dict[str, dict[int, int]]] = {}
    for hour in hours:
        counts.setdefault(hour.line, {}).setdefault(hour.direction, {})[hour.hour_ns] = hour.count
    highest = max(
        (sum(of.get(start, 0) for of in line.values()) for line in counts.values() for start in starts_ns),
        default=0,
    )
    top = round_up(highest)
    step = 100 / len(starts_ns)
    ticks = tuple(
        Tick(round((index + 0.5) * step, 3), name(start), index % 6 != 1)
        for index, start in enumerate(starts_ns)
        if index % 3 == 1  # not the first: its name would not fit
    )
    return [
        Chart(
            line,
            tuple((direction, sum(of.values())) for direction, of in directions.items()),
            top,
            tuple(
                _bar(directions, start, name(start), index * step, step, HEIGHT / top)
                for index, start in enumerate(starts_ns)
            ),
            ticks,
        )
        for line, directions in counts.items()
    ]


def round_up(highest: int) -> int:
    """Give the top of a scale: the next of 1, 2, 5, 10, 20, 50 and so on; 1 for nothing."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power >= highest:
                return step * power
        power *= 10


def _bar(
    directions: dict[str, dict[int, int]], start: int, name: str, x: float, step: float, scale: float
) -> Bar:
    pieces = []
    below = 0.0
    for series, of in enumerate(directions.values()):
        height = of.get(start, 0) * scale
        if height:
            pieces.append(Piece(series, round(HEIGHT - below - height, 2), round(height, 2)))
        below += height
    said = ", ".join(f"{of.get(start, 0)} {direction}" for direction, of in directions.items())
    return Bar(round(x + 0.1 * step, 3), round(0.8 * step, 3), f"{name}: {said}", tuple(pieces))
