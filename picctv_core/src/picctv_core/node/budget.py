"""The time that a call may take, and a clock that stands still while the caller itself is what takes it."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Budget:
    """How long what is being asked of a process may still take; set on one thread, looked at from others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._late, self._until_s = "", math.inf
        self._stopped = False

    @contextlib.contextmanager
    def of(self, budget_s: float, late: str) -> Iterator[None]:
        """Give what is inside so many seconds; `late` says that they are over."""
        with self._lock:
            self._late, self._until_s = late, time.monotonic() + budget_s
        try:
            yield
        finally:
            with self._lock:
                self._until_s = math.inf

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the clock meanwhile: how long the node's disk takes is no fault of the plugin's."""
        began_s = time.monotonic()
        with self._lock:
            self._stopped = True
        try:
            yield
        finally:
            with self._lock:
                self._stopped = False
                self._until_s += time.monotonic() - began_s

    def exceeded(self) -> str:
        """Say what took too long; empty while all is in time."""
        with self._lock:
            return self._late if not self._stopped and time.monotonic() > self._until_s else ""
