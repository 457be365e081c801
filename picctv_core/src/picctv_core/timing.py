"""How long calls take, in milliseconds."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WINDOW = 500


class Timing:
    """How long the calls of something take: all are counted, the newest 500 are measured."""

    def __init__(self) -> None:
        self.calls = 0
        self._newest_ms: deque[float] = deque(maxlen=_WINDOW)

    def add(self, duration_ms: float) -> None:
        """Note a call."""
        self.calls += 1
        self._newest_ms.append(duration_ms)

    def summary(self) -> dict[str, float]:
        """Give the number of calls; and mean, median, 95th percentile and maximum in milliseconds."""
        newest = sorted(self._newest_ms)
        if not newest:
            return {"calls": 0}
        return {
            "calls": self.calls,
            "ms_mean": round(sum(newest) / len(newest), 3),
            "ms_p50": round(quantile(newest, 0.5), 3),
            "ms_p95": round(quantile(newest, 0.95), 3),
            "ms_max": round(newest[-1], 3),
        }


def quantile(ordered: Sequence[float], part: float) -> float:
    """Give the value that a part (0 to 1) of the others, sorted and at least one, do not exceed."""
    return ordered[int(part * (len(ordered) - 1))]
