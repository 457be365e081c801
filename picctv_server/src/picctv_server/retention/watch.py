"""Watching the room where clips are: how fast it fills, and when it is over."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from picctv_server.clips.base import Space

SPAN_S = 1800.0
"""The rate is taken over so long at the most."""

LEAST_SPAN_S = 600.0
"""Over less than this no rate is told: a single long clip is no trend."""


@dataclass(frozen=True)
class _Look:
    at_s: float
    free: int


class Watch:
    """Looks at the free room again and again."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque()

    def look(self, space: Space, at_s: float) -> None:
        """Note how much is free.

        Args:
            space: the room.
            at_s: the time, in seconds of any clock that does not run backwards.
        """
        self._looks.append(_Look(at_s, space.free))
        while self._looks[0].at_s < at_s - SPAN_S:
            self._looks.popleft()

    def hours_left(self, floor: int) -> float | None:
        """Give in how many hours no more than `floor` bytes are free at the rate of late; None where it does not fill."""
        if not self._looks:
            return None
        first, last = self._looks[0], self._looks[-1]
        if last.free <= floor:
            return 0.0
        seconds, taken = last.at_s - first.at_s, first.free - last.free
        if seconds < LEAST_SPAN_S or taken <= 0:
            return None
        return (last.free - floor) / (taken / seconds) / 3600
