"""Judging what is seen over time: a state begins when it has lasted, and ends when it has been over for as long."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from picctv_tamper.view import BLOCKS, Comparison, View, compare

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from picctv_tamper.models import TamperSettings

State = Literal["covered", "defocused", "moved"]

SECOND = 1_000_000_000

FEWEST_BLOCKS = BLOCKS[0] * BLOCKS[1] // 8
"""A view with fewer blocks that have edges, such as a blank wall or a black night, can't be compared with anything."""

COVERED_PART = 0.8
"""The part of the view that has lost its edges in a covered camera, at least."""

MOVED_PART = 0.6
"""The part of the view that shows something else in a moved camera, at least."""

DEFOCUSED_SHARPNESS = 0.55
"""The sharpness of a defocused camera, as a multiple of its own, at the most."""

DOUBTFUL_PART = 0.4
"""From this part of the view on that is not seen, the view is learnt slowly only: it may be the beginning of the above."""

DOUBTFUL_SHARPNESS = 0.75
"""The same of the sharpness."""

DOUBTFUL_SPEED = 0.1
"""How fast a doubtful view is learnt, as a multiple of the usual."""

RECENT = 3
"""How many looks are taken together."""

LONGEST_STEP_S = 5.0
"""A look speaks for the time since the last one, but not for longer than this: the camera was away."""


@dataclass(frozen=True)
class Look:
    """What one look at the picture says.

    Attributes:
        state: what is wrong with the camera; None for nothing.
        before: what was wrong before this look.
        settled: whether the state ended with the present view taken as the camera's own.
        seen: the comparison with the camera's own view.
    """

    state: State | None
    before: State | None
    settled: bool
    seen: Comparison


class Watch:
    """Watches the pictures of one camera."""

    def __init__(self, settings: TamperSettings) -> None:
        self._settings = settings
        self._own: View | None = None
        self._recent: deque[View] = deque(maxlen=RECENT)
        self._learnt_s = 0.0
        self._last_ns = 0
        self._state: State | None = None
        self._state_s = 0.0
        self._next: State | None = None
        self._next_s: float | None = None

    def due(self, captured_at_ns: int) -> bool:
        """Say whether it is time to look again."""
        since_s = (captured_at_ns - self._last_ns) / SECOND
        # Half a frame early is nearer than nearly a frame late.
        return self._own is None or since_s < 0 or since_s >= self._settings.interval_s - 0.02

    def look(self, luma: npt.NDArray[np.uint8], captured_at_ns: int) -> Look:
        """Look at a picture, (rows, columns) uint8 of at least 16x16; it is left unchanged and not kept."""
        view = View.of(luma)
        if self._own is None or self._own.coarse.shape != view.coarse.shape:
            self._own = view
            self._recent.clear()
            self._recent.append(view)
            self._learnt_s, self._last_ns = 0.0, captured_at_ns
            before, self._state, self._next_s = self._state, None, None
            return Look(None, before, before is not None, compare(view, view))
        seconds = min(max((captured_at_ns - self._last_ns) / SECOND, 0.0), LONGEST_STEP_S)
        self._last_ns = captured_at_ns
        # The mean of the last few looks: less noise in the dark, and rain and passers-by count for less.
        self._recent.append(view)
        recent = View.mean(self._recent)
        seen = compare(self._own, recent)
        warm = self._learnt_s >= self._settings.warm_up_s
        found = judge(seen) if warm else None
        before = self._state
        settled = self._follow(found, seconds)
        if settled:
            self._own, self._learnt_s = recent, self._settings.warm_up_s
        elif found is None and self._state is None:
            self._learnt_s = min(self._learnt_s + seconds, self._settings.memory_s)
            doubtful = warm and (seen.lost >= DOUBTFUL_PART or seen.sharpness <= DOUBTFUL_SHARPNESS)
            share = seconds / max(self._learnt_s, seconds, 1e-3)
            self._own = self._own.mixed(view, share * (DOUBTFUL_SPEED if doubtful else 1.0))
        return Look(self._state, before, settled, seen)

    def _follow(self, found: State | None, seconds: float) -> bool:
        """Take what was found in a look; say whether the present view shall be the camera's own now."""
        self._state_s += seconds
        if found == self._state:
            self._next_s = None
        elif self._next_s is None or found != self._next:
            self._next, self._next_s = found, 0.0
        else:
            self._next_s += seconds
        needed_s = self._settings.after_s * (2 if self._next == "moved" else 1)
        if self._next_s is not None and self._next_s >= needed_s:
            self._state, self._state_s, self._next_s = self._next, 0.0, None
        if self._state == "moved" and self._state_s >= self._settings.settle_s:
            self._state = self._next_s = None
            return True
        return False


def judge(seen: Comparison) -> State | None:
    """Say what a single look is a sign of."""
    if seen.blocks < FEWEST_BLOCKS:
        return None
    if seen.empty >= COVERED_PART:
        return "covered"
    if seen.lost >= MOVED_PART:
        return "moved"
    if seen.sharpness <= DEFOCUSED_SHARPNESS:
        return "defocused"
    return None
