"""What waits for one worker. Putting something in never blocks, whatever the worker does."""

from __future__ import annotations

import enum
import threading
from collections import deque
from dataclasses import dataclass

from picctv_core.frames import AccessUnit, Frame, Result

MAX_BYTES = 64 * 2**20
MAX_RESULTS = 1000


class Control(enum.Enum):
    """What the node itself asks of a worker."""

    STARTED = enum.auto()
    HEALTH = enum.auto()
    STOP = enum.auto()


@dataclass(frozen=True, slots=True)
class Lost:
    """Access units that were dropped: from the first one's capture time to the last one's, and their bytes."""

    from_ns: int
    to_ns: int
    bytes: int

    def widened(self, unit: AccessUnit) -> Lost:
        """Give the loss with one more unit in it."""
        at_ns = unit.captured_at_ns
        return Lost(min(self.from_ns, at_ns), max(self.to_ns, at_ns), self.bytes + len(unit.annexb))


Item = Frame | AccessUnit | Result | Lost | Control


class Inbox:
    """One queue in the order of arrival, with a bound for each thing in it.

    - Frames: the newest only. One that comes while another waits takes its place, and the other is counted as dropped.
    - Access units: `max_bytes` in all. When one does not fit, it and all after it are dropped, up to the next key unit
      that does fit; a `Lost` stands in their place.
    - Results: `max_results`; those beyond are dropped and counted.

    Attributes:
        frames_dropped: how many frames a newer one has replaced.
        results_dropped: how many results did not fit.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, max_results: int = MAX_RESULTS) -> None:
        self._max_bytes = max_bytes
        self._max_results = max_results
        self._changed = threading.Condition()
        # The newest frame lies in `_frame`; None in the queue is the place that it had when it came.
        self._items: deque[Item | None] = deque()
        self._frame: Frame | None = None
        self._bytes = 0
        self._results = 0
        self._lost: Lost | None = None
        self._health_asked = False
        self._stopped = False
        self.frames_dropped = 0
        self.results_dropped = 0

    def put_frame(self, frame: Frame) -> None:
        """Put a frame in, in the place of one that still waits."""
        with self._changed:
            if self._stopped:
                return
            if self._frame is None:
                self._put(None)
            else:
                self.frames_dropped += 1
            self._frame = frame

    def put_unit(self, unit: AccessUnit) -> None:
        """Put an access unit in, or drop it where there is no room."""
        with self._changed:
            if self._stopped:
                return
            fits = self._bytes + len(unit.annexb) <= self._max_bytes
            if self._lost is not None and unit.is_key and fits:
                self._put(self._lost)
                self._lost = None
            if self._lost is not None or not fits:
                lost = self._lost or Lost(unit.captured_at_ns, unit.captured_at_ns, 0)
                self._lost = lost.widened(unit)
                return
            self._bytes += len(unit.annexb)
            self._put(unit)

    def put_result(self, result: Result) -> None:
        """Put in a result of another plugin."""
        with self._changed:
            if self._stopped:
                return
            if self._results >= self._max_results:
                self.results_dropped += 1
                return
            self._results += 1
            self._put(result)

    def put_started(self) -> None:
        """Say that the camera gave its first picture."""
        with self._changed:
            self._put(Control.STARTED)

    def ask_health(self) -> None:
        """Ask for the plugin's health, unless that was asked already and not answered."""
        with self._changed:
            if not self._health_asked and not self._stopped:
                self._health_asked = True
                self._put(Control.HEALTH)

    def stop(self) -> None:
        """Take nothing more. What is in here is still given out, and `Control.STOP` after it."""
        with self._changed:
            if self._stopped:
                return
            self._stopped = True
            if self._lost is not None:
                self._put(self._lost)
            self._put(Control.STOP)

    def get(self, timeout_s: float) -> Item | None:
        """Take out what is next; None where nothing came for `timeout_s` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._items), timeout_s):
                return None
            item = self._items.popleft()
            if item is None:
                item, self._frame = self._frame, None
            elif isinstance(item, AccessUnit):
                self._bytes -= len(item.annexb)
            elif isinstance(item, Result):
                self._results -= 1
            elif item is Control.HEALTH:
                self._health_asked = False
            return item

    def abandon(self) -> Lost | None:
        """Stop, throw everything away, and say which access units that cost; for a worker that is given up."""
        self.stop()
        with self._changed:
            lost: Lost | None = None
            for item in self._items:
                if isinstance(item, Lost):
                    lost = Lost(
                        lost.from_ns if lost else item.from_ns,
                        item.to_ns,
                        (lost.bytes if lost else 0) + item.bytes,
                    )
                elif isinstance(item, AccessUnit):
                    lost = (lost or Lost(item.captured_at_ns, item.captured_at_ns, 0)).widened(item)
            self._items.clear()
            self._put(Control.STOP)
            return lost

    @property
    def queued_bytes(self) -> int:
        """Give the bytes of the access units that wait."""
        return self._bytes

    def _put(self, item: Item | None) -> None:
        self._items.append(item)
        self._changed.notify()
