"""Time: UTC nanoseconds that never run backwards within a run.

A step of the wall clock (NTP at start, a person, a virtual machine that slept) must not reorder
frames or make a clip's length negative. So the wall clock is read once, at the start, and monotonic
time is added to it from there; a step is reported by whoever compares the two, never followed.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What code takes that needs the time; tests give it one that they wind by hand."""

    def now_ns(self) -> int:
        """Give UTC nanoseconds since the epoch, never less than before."""
        ...

    def monotonic(self) -> float:
        """Give seconds since any fixed point, for pauses and budgets."""
        ...


class SystemClock:
    """The wall clock at its making, plus the monotonic time since.

    Args:
        offset_ns: what is between monotonic time and this clock, in nanoseconds; the wall clock is read for it, once,
            where it is not given. Monotonic time is the same in all processes of a machine: with one offset, their
            clocks are one.
    """

    def __init__(self, offset_ns: int | None = None) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns() if offset_ns is None else offset_ns

    @property
    def offset_ns(self) -> int:
        """Give what is between monotonic time and this clock, in nanoseconds."""
        return self._offset_ns

    def read_again(self) -> None:
        """Read the wall clock again. Only to be called while nobody counts on this clock not to step."""
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """Give UTC nanoseconds since the epoch."""
        return self._offset_ns + time.monotonic_ns()

    def monotonic(self) -> float:
        """Give seconds since any fixed point."""
        return time.monotonic()

    def step_ns(self) -> int:
        """Give how far the wall clock has stepped away from this one, in nanoseconds."""
        return time.time_ns() - self.now_ns()
