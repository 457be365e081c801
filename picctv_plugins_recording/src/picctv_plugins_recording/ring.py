"""The newest stretch of video, kept in memory so that a clip can begin before what triggered it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from picctv_core.frames import AccessUnit

SECOND = 1_000_000_000


class Ring:
    """Access units of the last seconds, bounded in time and in bytes.

    It holds whole groups of pictures: it always begins with a key unit, and forgets from key unit to key unit. So it
    reaches back at least `seconds` (once so much has come), at most one group further. Where that is more than
    `max_bytes`, it reaches back less; a group that alone is larger is not kept at all.
    """

    def __init__(self, seconds: float, max_bytes: int) -> None:
        self._span_ns = round(seconds * SECOND)
        self._max_bytes = max_bytes
        self._groups: deque[list[AccessUnit]] = deque()
        self._sizes: deque[int] = deque()
        self.bytes = 0
        """The bytes of all units in the ring."""

    def append(self, unit: AccessUnit) -> None:
        """Take the next unit, and forget what is no longer needed. Units before the first key unit are left out."""
        if unit.is_key:
            self._groups.append([])
            self._sizes.append(0)
        elif not self._groups:
            return
        self._groups[-1].append(unit)
        self._sizes[-1] += len(unit.annexb)
        self.bytes += len(unit.annexb)
        while (
            len(self._groups) > 1 and self._groups[1][0].captured_at_ns <= unit.captured_at_ns - self._span_ns
        ):
            self._forget()
        while self.bytes > self._max_bytes:
            self._forget()

    def clear(self) -> None:
        """Forget everything: what comes next has nothing to do with what came before."""
        self._groups.clear()
        self._sizes.clear()
        self.bytes = 0

    def since(self, from_ns: int) -> list[AccessUnit]:
        """Give the units from the last key unit at or before a time on; from the oldest one where none is that old."""
        first = 0
        for index, group in enumerate(self._groups):
            if group[0].captured_at_ns <= from_ns:
                first = index
        return [unit for group in list(self._groups)[first:] for unit in group]

    def _forget(self) -> None:
        self._groups.popleft()
        self.bytes -= self._sizes.popleft()
