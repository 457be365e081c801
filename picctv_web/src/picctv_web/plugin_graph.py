"""Who uses whose results, as a drawing: plugins as boxes, from top to bottom in the way of the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_core.declarations import TRIGGER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from picctv_web.plugin_states import State

BOX_WIDTH, BOX_HEIGHT = 132, 38
_GAP_X, _GAP_Y, _MARGIN, _BOW = 20, 62, 10, 46

_MAX_BOXES = 40
_MAX_ARROWS = 200
_MAX_NAME = 16
_ACROSS = 2
"""So many boxes beside each other are as wide as a phone."""

_INNER = _ACROSS * BOX_WIDTH + (_ACROSS - 1) * _GAP_X


@dataclass(frozen=True, order=True)
class Edge:
    """One plugin that hears another one's results.

    Attributes:
        giver: whose results.
        user: who hears them.
        what: ``trigger`` where it hears results that are marked as triggers, of whatever plugin; else ``results``.
    """

    giver: str
    user: str
    what: str

    @property
    def text(self) -> str:
        """The edge in words."""
        if not self.giver:
            return f"{self.user} waits for triggers, and no plugin gives any"
        return f"{self.user} uses the {'triggers' if self.what == TRIGGER else 'results'} of {self.giver}"


@dataclass(frozen=True)
class Box:
    """A plugin in the drawing; `x` and `y` are of its left upper corner."""

    name: str
    kind: str
    x: int
    y: int

    @property
    def label(self) -> str:
        """Its name, as much of it as fits."""
        return self.name if len(self.name) <= _MAX_NAME else f"{self.name[: _MAX_NAME - 1]}…"

    @property
    def middle(self) -> int:
        """Where its name stands."""
        return self.x + BOX_WIDTH // 2

    @property
    def base(self) -> int:
        """The line that its name stands on."""
        return self.y + BOX_HEIGHT // 2 + 5


@dataclass(frozen=True)
class Arrow:
    """An edge in the drawing: its path, in SVG's words, and where its label stands."""

    edge: Edge
    path: str
    label_x: int
    label_y: int


@dataclass(frozen=True)
class Graph:
    """The drawing.

    Attributes:
        boxes: the plugins.
        arrows: who uses whose results.
        width: of the drawing.
        height: of the drawing.
    """

    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    width: int
    height: int

    box_width = BOX_WIDTH
    box_height = BOX_HEIGHT


def edges(cameras: Iterable[Sequence[State]], givers: Collection[str]) -> list[Edge]:
    """List who uses whose results on any camera.

    Args:
        cameras: for each camera how its plugins do.
        givers: the plugins that are known to give triggers.
    """
    found = set()
    for states in cameras:
        present = {state.name for state in states}
        for state in states:
            for used in state.uses:
                if used == TRIGGER:
                    triggering = [name for name in givers if name in present and name != state.name]
                    found |= {Edge(name, state.name, TRIGGER) for name in triggering or [""]}
                elif used != state.name:
                    found.add(Edge(used[:80], state.name, "results"))
    # Where it is given triggers on some camera, that it has none on another one is no news.
    served = {edge.user for edge in found if edge.giver and edge.what == TRIGGER}
    return sorted(edge for edge in found if edge.giver or edge.user not in served)


def graph(found: Sequence[Edge], kinds: Mapping[str, str]) -> Graph | None:
    """Draw it; None where no plugin uses another one.

    Args:
        found: the edges.
        kinds: the colour of each plugin; those without edges stand below.
    """
    drawn = [edge for edge in found if edge.giver][:_MAX_ARROWS]
    joined = sorted({name for edge in drawn for name in (edge.giver, edge.user)})[:_MAX_BOXES]
    drawn = [edge for edge in drawn if edge.giver in joined and edge.user in joined]
    if not drawn:
        return None
    levels = _levels(joined, drawn)
    rows: list[list[str]] = []
    for level in range(max(levels.values()) + 1):
        rows += _in_rows([name for name in joined if levels[name] == level])
    row_of = {name: number for number, row in enumerate(rows) for name in row}
    alone = _in_rows(sorted(set(kinds) - set(joined))[: _MAX_BOXES - len(joined)])
    boxes: dict[str, Box] = {}
    y = _MARGIN
    for number, row in enumerate([*rows, *alone]):
        left = _MARGIN + (_INNER - len(row) * BOX_WIDTH - (len(row) - 1) * _GAP_X) // 2
        for index, name in enumerate(row):
            boxes[name] = Box(name, kinds.get(name, ""), left + index * (BOX_WIDTH + _GAP_X), y)
        y += BOX_HEIGHT + (_GAP_Y if number < len(rows) - 1 else 2 * _MARGIN)
    bowed = {edge for edge in drawn if row_of[edge.user] - row_of[edge.giver] != 1}
    arrows = [_arrow(edge, boxes, bowed=edge in bowed) for edge in drawn]
    width = _INNER + 2 * _MARGIN + (_BOW if bowed else 0)
    return Graph(list(boxes.values()), arrows, width, y - _MARGIN)


def _in_rows(names: Sequence[str]) -> list[list[str]]:
    return [list(names[start : start + _ACROSS]) for start in range(0, len(names), _ACROSS)]


def _levels(names: Sequence[str], found: Sequence[Edge]) -> dict[str, int]:
    """Give each plugin its row: below all those whose results it uses, as far as they don't go round in a circle."""
    forward: dict[str, set[str]] = {name: set() for name in names}
    for edge in found:
        if not _reaches(edge.user, edge.giver, forward):
            forward[edge.giver].add(edge.user)
    levels = dict.fromkeys(names, 0)
    for _ in names:
        for giver, users in forward.items():
            for user in users:
                levels[user] = max(levels[user], levels[giver] + 1)
    return levels


def _reaches(start: str, end: str, forward: Mapping[str, set[str]]) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            waiting += forward[name]
    return False


def _arrow(edge: Edge, boxes: Mapping[str, Box], *, bowed: bool) -> Arrow:
    """Draw an arrow down to the next row; or, bowed, round the boxes at the side: past a row, upwards, or within one."""
    giver, user = boxes[edge.giver], boxes[edge.user]
    if bowed:
        x1, y1 = giver.x + BOX_WIDTH, giver.y + BOX_HEIGHT // 2
        x2, y2 = user.x + BOX_WIDTH + 3, user.y + BOX_HEIGHT // 2
        out = max(x1, x2) + _BOW
        return Arrow(
            edge, f"M{x1},{y1} C{out},{y1} {out},{y2} {x2},{y2}", (x1 + x2 + 6 * out) // 8, (y1 + y2) // 2 + 4
        )
    x1, y1, x2, y2 = giver.middle, giver.y + BOX_HEIGHT, user.middle, user.y - 3
    half = (y1 + y2) // 2
    return Arrow(edge, f"M{x1},{y1} C{x1},{half} {x2},{half} {x2},{y2}", (x1 + x2) // 2, half + 4)
