"""Charts as SVG, drawn by hand: a few lines of text that need no library and differ only where the figures do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WIDTH, HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 190, 20, 52
# told apart also by those who see few colours (Okabe and Ito)
_COLOURS = ("#0072b2", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#555555", "#000000")


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        title: what it shows, with its unit.
        least: the value at its beginning.
        most: the value at its end.
        ticks: the values that are written.
        logarithmic: whether equal steps are equal ratios.
    """

    title: str
    least: float
    most: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Give where a value lies, 0 to 1; what is beyond an end lies there."""
        scale: Callable[[float], float] = math.log if self.logarithmic else float
        value = min(max(value, self.least), self.most)
        return (scale(value) - scale(self.least)) / (scale(self.most) - scale(self.least))


@dataclass(frozen=True)
class Series:
    """One line or some points.

    Attributes:
        name: for the legend.
        line: points (x, y) that are joined.
        marks: points (x, y) with a dot; the first is filled, the others are rings.
    """

    name: str
    line: tuple[tuple[float, float], ...]
    marks: tuple[tuple[float, float], ...]


def chart(title: str, across: Axis, up: Axis, series: list[Series]) -> Iterator[str]:
    """Draw a chart, line by line."""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">'
    )
    yield f"<title>{escape(title)}</title>"
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    for value in across.ticks:
        x = _x(across, value)
        yield f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}" stroke="#dddddd"/>'
        yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{value:g}</text>'
    for value in up.ticks:
        y = _y(up, value)
        yield f'<line x1="{_LEFT}" y1="{y}" x2="{right}" y2="{y}" stroke="#dddddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value:g}</text>'
    middle = (_TOP + bottom) / 2
    yield f'<text x="{(_LEFT + right) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across.title)}</text>'
    yield f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{escape(up.title)}</text>'
    for number, one in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        # the first is ours, and stands out
        thick = 3 if number == 0 else 1.5
        if one.line:
            points = " ".join(f"{_x(across, x)},{_y(up, y)}" for x, y in one.line)
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{thick}"/>'
        for place, (x, y) in enumerate(one.marks):
            fill, radius = ("none", 6.5) if place else (colour, 5 if number == 0 else 4)
            yield (
                f'<circle cx="{_x(across, x)}" cy="{_y(up, y)}" r="{radius}" fill="{fill}" '
                f'stroke="{colour}" stroke-width="1.5"/>'
            )
        y = _TOP + 12 + 20 * number
        yield f'<line x1="{right + 14}" y1="{y}" x2="{right + 36}" y2="{y}" stroke="{colour}" stroke-width="{thick}"/>'
        yield f'<text x="{right + 42}" y="{y + 4}">{escape(one.name)}</text>'
    yield "</svg>"


def _x(axis: Axis, value: float) -> float:
    return round(_LEFT + axis.place(value) * (WIDTH - _LEFT - _RIGHT), 1)


def _y(axis: Axis, value: float) -> float:
    return round(HEIGHT - _BOTTOM - axis.place(value) * (HEIGHT - _TOP - _BOTTOM), 1)
