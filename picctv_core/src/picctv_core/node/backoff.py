"""Pauses between tries: growing, and never in step with those of others."""

from __future__ import annotations

import random


class Backoff:
    """Pauses that double from `first_s` to `last_s` seconds, each shortened by up to a half at random.

    The chance keeps a hundred nodes from knocking at the same instant when their server is back (Brooker,
    "Exponential Backoff And Jitter", 2015).
    """

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Give the seconds to pause before the next try."""
        pause = self._next_s
        self._next_s = min(self._next_s * 2, self._last_s)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret

    def reset(self) -> None:
        """Begin again with the shortest: a try went well."""
        self._next_s = self._first_s
