"""What a batch of results adds to the minutes that it belongs to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from picctv_plugins_motion import grid
from picctv_plugins_motion.summary import LONGEST_STEP_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from picctv_plugins_motion.reports import Seen

MINUTE_NS = 60 * 1_000_000_000
MILLISECOND_NS = 1_000_000

AREA_UNITS = 1_000_000
"""The area is summed up in millionths of the picture: whole numbers have the same sum in whatever order they come."""

_ALONE_MS = 1000
"""A batch is about a second of results: one that is alone in it speaks for that long."""


@dataclass
class Part:
    """What one batch adds to one minute; all of it can be added up in any order.

    Attributes:
        frames: how many results.
        moving: in how many of them something moved.
        moving_ms: how long something moved.
        area: the moving part of the picture in millionths, over the moving frames, added up.
        peak: the highest score of the moving frames; 0 where there is none.
        scenes: how often the view became another.
        zones: how long something moved in each zone, in ms.
        cells: how long something moved in each cell of the `grid`, in ms.
    """

    frames: int = 0
    moving: int = 0
    moving_ms: int = 0
    area: int = 0
    peak: float = 0.0
    scenes: int = 0
    zones: Counter[str] = field(default_factory=Counter)
    cells: Counter[int] = field(default_factory=Counter)

    def add(self, seen: Seen, lasted_ms: int) -> None:
        """Add a result that speaks for some milliseconds."""
        self.frames += 1
        self.scenes += seen.scene_changed
        if not seen.triggered:
            return
        self.moving += 1
        self.moving_ms += lasted_ms
        self.area += round(AREA_UNITS * (seen.area or 0.0))
        self.peak = max(self.peak, seen.score or 0.0)
        for zone in set(seen.zones):
            self.zones[zone] += lasted_ms
        cells = grid.cells_of_boxes(seen.boxes) if seen.mask is None else grid.cells_of_mask(seen.mask)
        for cell in cells.tolist():
            self.cells[cell] += lasted_ms


def parts(items: Iterable[tuple[int, Seen]]) -> dict[int, Part]:
    """Sum a batch up.

    Args:
        items: the results, as (captured_at_ns, what was said).

    Returns:
        What it adds to each minute, by the minute's beginning.
    """
    ordered = sorted(items, key=lambda item: item[0])
    found: dict[int, Part] = {}
    for (at_ns, seen), lasted_ms in zip(ordered, _lengths([at_ns for at_ns, _ in ordered]), strict=True):
        found.setdefault(at_ns - at_ns % MINUTE_NS, Part()).add(seen, lasted_ms)
    return found


def _lengths(times: Sequence[int]) -> list[int]:
    """Give for how many ms each result speaks: until the next one of its batch; the last for as long as is usual there."""
    steps = [later - earlier for earlier, later in pairwise(times)]
    longest_ns = round(LONGEST_STEP_S * 1000) * MILLISECOND_NS
    lengths = [round(min(step, longest_ns) / MILLISECOND_NS) for step in steps]
    return [*lengths, round(median(lengths)) if lengths else _ALONE_MS]
