"""What waits for one worker. Putting something in never blocks, whatever the worker does."""

from __future__ import annotations

import contextlib
import enum
import functools
import operator
import queue
import threading
from dataclasses import dataclass

from picctv_core.frames import AccessUnit, Frame, MotionVectors, Result

MAX_BYTES = 64 * 2**20
MAX_RESULTS = 1000


class Control(enum.Enum):
    """What the node itself asks of a worker."""

    STARTED = enum.auto()
    HEALTH = enum.auto()
    NO_VECTORS = enum.auto()
    STOP = enum.auto()


@dataclass(frozen=True, slots=True)
class Lost:
    """Access units that were lost: from the first one's capture time to the last one's, and their bytes."""

    from_ns: int
    to_ns: int
    bytes: int

    @classmethod
    def of(cls, unit: AccessUnit) -> Lost:
        """Give the loss of one unit."""
        return cls(unit.captured_at_ns, unit.captured_at_ns, len(unit.annexb))

    def __or__(self, other: Lost) -> Lost:
        """Give both losses as one."""
        return Lost(min(self.from_ns, other.from_ns), max(self.to_ns, other.to_ns), self.bytes + other.bytes)


Item = Frame | MotionVectors | AccessUnit | Result | Lost | Control


class Inbox:
    """One queue in the order of arrival, with a bound for each thing in it.

    - Frames, and motion vectors: the newest only of each. One that comes while another waits takes its place, and the
      other is counted as dropped.
    - Access units: `max_bytes` in all. When one does not fit, it and all after it are dropped, up to the next key unit
      that does fit; a `Lost` stands in their place.
    - Results: `max_results`; those beyond are dropped and counted.

    Attributes:
        frames_dropped: how many frames a newer one has replaced.
        vectors_dropped: the same of motion vectors.
        results_dropped: how many results did not fit.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, max_results: int = MAX_RESULTS) -> None:
        self._max_bytes = max_bytes
        self._max_results = max_results
        self._lock = threading.Lock()
        # The newest frame and vectors lie in `_newest`; their type in the queue is the place that they had when they came.
        # A queue in C: waking a worker by a `Condition` takes several times as long, for each picture and each plugin.
        self._items: queue.SimpleQueue[Item | type[Frame | MotionVectors]] = queue.SimpleQueue()
        self._newest: dict[type[Frame | MotionVectors], Frame | MotionVectors] = {}
        self._bytes = 0
        self._results = 0
        self._lost: Lost | None = None
        self._health_asked = False
        self._stopped = threading.Event()
        self.frames_dropped = 0
        self.vectors_dropped = 0
        self.results_dropped = 0

    def put_frame(self, frame: Frame) -> None:
        """Put a frame in, in the place of one that still waits."""
        with self._lock:
            self.frames_dropped += self._put_newest(frame)

    def put_vectors(self, vectors: MotionVectors) -> None:
        """Put motion vectors in, in the place of those that still wait."""
        with self._lock:
            self.vectors_dropped += self._put_newest(vectors)

    def put_unit(self, unit: AccessUnit) -> None:
        """Put an access unit in, or drop it where there is no room."""
        with self._lock:
            if self._stopped.is_set():
                return
            fits = self._bytes + len(unit.annexb) <= self._max_bytes
            if self._lost is not None and unit.is_key and fits:
                self._items.put(self._lost)
                self._lost = None
            if self._lost is not None or not fits:
                lost = Lost.of(unit)
                self._lost = lost if self._lost is None else self._lost | lost
                return
            self._bytes += len(unit.annexb)
            self._items.put(unit)

    def put_result(self, result: Result) -> None:
        """Put in a result of another plugin."""
        with self._lock:
            if self._stopped.is_set():
                return
            if self._results >= self._max_results:
                self.results_dropped += 1
                return
            self._results += 1
            self._items.put(result)

    def put_started(self) -> None:
        """Say that the camera gave its first picture."""
        with self._lock:
            self._items.put(Control.STARTED)

    def put_no_vectors(self) -> None:
        """Say that the camera gives video, but no motion vectors."""
        with self._lock:
            if not self._stopped.is_set():
                self._items.put(Control.NO_VECTORS)

    def ask_health(self) -> None:
        """Ask for the plugin's health, unless that was asked already and not answered."""
        with self._lock:
            if not self._health_asked and not self._stopped.is_set():
                self._health_asked = True
                self._items.put(Control.HEALTH)

    def stop(self) -> None:
        """Take nothing more. What is in here is still given out, and `Control.STOP` after it."""
        with self._lock:
            if self._stopped.is_set():
                return
            self._stopped.set()
            if self._lost is not None:
                self._items.put(self._lost)
            self._items.put(Control.STOP)

    def wait_for_stop(self, timeout_s: float) -> bool:
        """Wait until `stop` is called, but not longer than `timeout_s` seconds; say whether it was."""
        return self._stopped.wait(timeout_s)

    def get(self, timeout_s: float) -> Item | None:
        """Take out what is next; None where nothing came for `timeout_s` seconds."""
        try:
            item = self._items.get(timeout=timeout_s)
        except queue.Empty:
            return None
        with self._lock:
            if isinstance(item, type):
                item = self._newest.pop(item)
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
        with self._lock:
            losses = []
            with contextlib.suppress(queue.Empty):
                while True:
                    item = self._items.get_nowait()
                    if isinstance(item, (AccessUnit, Lost)):
                        losses.append(item if isinstance(item, Lost) else Lost.of(item))
            self._items.put(Control.STOP)
            return functools.reduce(operator.or_, losses) if losses else None

    @property
    def queued_bytes(self) -> int:
        """Give the bytes of the access units that wait."""
        return self._bytes

    def _put_newest(self, item: Frame | MotionVectors) -> bool:
        """Put in what only the newest of is wanted; say whether it has replaced another."""
        if self._stopped.is_set():
            return False
        replaced = type(item) in self._newest
        if not replaced:
            self._items.put(type(item))
        self._newest[type(item)] = item
        return replaced
