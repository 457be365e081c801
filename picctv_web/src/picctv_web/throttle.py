"""Slowing down those who guess passwords."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Throttle:
    """Makes guessing slow: after some failures, a name is not tried from that address for a while.

    Kept in the memory of the process, and bounded: a flood of names pushes out the oldest.
    """

    def __init__(
        self,
        failures: int = 8,
        seconds: float = 300.0,
        keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures, self._seconds, self._keys, self._clock = failures, seconds, keys, clock
        self._seen: OrderedDict[tuple[str, str], list[float]] = OrderedDict()

    def wait(self, key: tuple[str, str]) -> float:
        """Give the seconds until this key may be tried again; 0 for now."""
        recent = self._recent(key)
        return max(0.0, recent[0] + self._seconds - self._clock()) if len(recent) >= self._failures else 0.0

    def failed(self, key: tuple[str, str]) -> None:
        """Note a failure."""
        self._seen[key] = [*self._recent(key), self._clock()][-self._failures :]
        self._seen.move_to_end(key)
        while len(self._seen) > self._keys:
            self._seen.popitem(last=False)

    def passed(self, key: tuple[str, str]) -> None:
        """Forget the failures of a key."""
        self._seen.pop(key, None)

    def _recent(self, key: tuple[str, str]) -> list[float]:
        since = self._clock() - self._seconds
        return [moment for moment in self._seen.get(key, ()) if moment > since]
