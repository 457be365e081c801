"""The motion vectors of a Pi's encoder, as picamera writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from picctv_core.frames import MotionVectors
from picctv_core.sources.vectors import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

_ONE = np.dtype([("x", "i1"), ("y", "i1"), ("sad", "<u2")])
"""One macroblock, as picamera's documentation has it."""


class VectorWrites:
    """Puts an encoder's writes together to motion vectors. Used on the encoder's thread.

    The firmware writes one column more than the picture has macroblocks; it is left out. Key pictures have vectors of
    nothing but zeros; those are left out as well, since they say nothing.
    """

    def __init__(
        self,
        size: tuple[int, int],
        timestamp_us: Callable[[], int | None],
        captured_at_ns: Callable[[int], int],
        take: Callable[[MotionVectors], None],
    ) -> None:
        """Begin.

        Args:
            size: columns and rows of the video, in pixels.
            timestamp_us: gives the firmware's time of what is being written; None where there is none.
            captured_at_ns: turns that into ours.
            take: gets the vectors of each picture.
        """
        columns, rows = (-(-pixels // BLOCK) for pixels in size)
        self._shape = (rows, columns + 1)
        self._bytes = rows * (columns + 1) * _ONE.itemsize
        self._timestamp_us, self._captured_at_ns, self._take = timestamp_us, captured_at_ns, take
        self._parts: list[bytes] = []
        self._have = 0

    def write(self, data: bytes) -> int:
        """Take a piece of a picture's vectors."""
        self._parts.append(data)
        self._have += len(data)
        if self._have >= self._bytes:
            whole, self._parts, self._have = b"".join(self._parts), [], 0
            timestamp_us = self._timestamp_us()
            if len(whole) == self._bytes and timestamp_us is not None and any(whole):
                self._take(self._vectors(whole, self._captured_at_ns(timestamp_us)))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here that could be flushed; picamera asks all outputs."""

    def _vectors(self, whole: bytes, captured_at_ns: int) -> MotionVectors:
        told: Any = np.frombuffer(whole, _ONE).reshape(self._shape)[:, :-1]
        return MotionVectors(captured_at_ns, told["x"], told["y"], told["sad"])
