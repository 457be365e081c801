"""A clock that stands still until a test winds it."""

from __future__ import annotations

import threading

_NS = 1_000_000_000


class FakeClock:
    """A `picctv_core.clock.Clock` for tests: it moves when `advance` is called, and only then.

    Args:
        now_ns: the time it begins at, UTC nanoseconds since the epoch; 1 January 2026 where not given.
    """

    def __init__(self, now_ns: int = 1_767_225_600 * _NS) -> None:
        self._lock = threading.Lock()
        self._now_ns = now_ns
        self._start_ns = now_ns

    def now_ns(self) -> int:
        """Give UTC nanoseconds since the epoch."""
        return self._now_ns

    def monotonic(self) -> float:
        """Give the seconds since the clock's beginning."""
        return (self._now_ns - self._start_ns) / _NS

    def advance(self, seconds: float) -> int:
        """Wind the clock forward, and give the new time in nanoseconds.

        Raises:
            ValueError: `seconds` is negative; a `Clock` never runs backwards.
        """
        if seconds < 0:
            raise ValueError(f"a clock never runs backwards, not even by {-seconds} s")
        with self._lock:
            self._now_ns += round(seconds * _NS)
            return self._now_ns

    def advance_to(self, now_ns: int) -> int:
        """Wind the clock forward to a time, and give what it shows then: a clock that is later already stays so."""
        with self._lock:
            self._now_ns = max(self._now_ns, now_ns)
            return self._now_ns
