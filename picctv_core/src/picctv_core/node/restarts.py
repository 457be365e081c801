"""When a plugin's process has ended: how long to wait before the next one, and when to give the plugin up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.node.backoff import Backoff

if TYPE_CHECKING:
    from picctv_core.clock import Clock

MAX_ENDS = 5
"""So many ends one after another, without a steady minute between, end in quarantine."""

FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 16.0

STEADY_S = 60.0
"""A process that ran for so long was well: its end counts as the first one again."""

TELL_AGAIN_S = 600.0
"""People are told of an end; of those that follow so soon, the log tells."""


class Restarts:
    """The ends of one plugin's processes on one camera.

    Args:
        clock: the time.
        backoff: the pauses.

    Attributes:
        count: how often a process was started again.
        ends: how many have ended one after another.
    """

    def __init__(self, clock: Clock, backoff: Backoff | None = None) -> None:
        self.count = 0
        self.ends = 0
        self._clock = clock
        self._backoff = backoff or Backoff(FIRST_PAUSE_S, LAST_PAUSE_S)
        self._began_s = clock.monotonic()
        self._told_s: float | None = None

    def began(self) -> None:
        """Note that a process begins."""
        self._began_s = self._clock.monotonic()

    def ended(self) -> float | None:
        """Note that it has ended; give the pause before the next one in seconds, or None where there is to be none."""
        if self._clock.monotonic() - self._began_s >= STEADY_S:
            self.ends = 0
            self._backoff.reset()
        self.ends += 1
        return self._backoff.next_s() if self.ends < MAX_ENDS else None

    def worth_telling(self) -> bool:
        """Say whether people are to be told of this end."""
        now_s = self._clock.monotonic()
        if self._told_s is not None and now_s - self._told_s < TELL_AGAIN_S:
            return False
        self._told_s = now_s
        return True
