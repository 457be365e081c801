"""Whether a thing still moves: a car that was parked is no motion any more, nor is the place that something has left.

People who stand still sway, turn their heads and shift their weight: within some seconds a part of them looks other than
before. Of what does not, the picture is another than the background's, until it is learnt; but nothing moves there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

STILL_S = 3.0
"""A thing in which nothing has changed for so long does not move."""

AGO_S = 1.0
"""How old the picture is, at the most, that each is compared with: a person sways slowly."""

LEAST = 0.15
"""How many cells must have changed, as a part of the side of a square of as many cells as the thing's box has."""

_STEP_S = 0.25
_LESS_THAN_HALF: Any = 127  # of a cell: noise changes single pixels


class Liveness:
    """For how long each cell of the things at one camera has looked the same."""

    def __init__(self, shape: tuple[int, int]) -> None:
        """Begin; `shape` is that of the cells: half as many rows and columns as the pictures have."""
        rows, columns = shape
        self._then = np.empty((2 * rows, 2 * columns), np.uint8)
        self._difference, self._changed = np.empty_like(self._then), np.empty(shape, np.uint8)
        self._idle = np.zeros(shape, np.uint8)  # in steps of `_STEP_S`
        self._then_s: float | None = None  # how old `_then` is; None where it is none
        self._rest_s = 0.0

    def forget(self) -> None:
        """Begin anew: whatever comes now moves."""
        self._idle.fill(0)
        self._then_s = None

    def see(self, picture: Bytes, tolerance: Bytes, things: Bytes | None, seconds: float) -> None:
        """Take note of what has changed; to be called a few times a second.

        Args:
            picture: (rows, columns) uint8.
            tolerance: the same; by how much each pixel may change without having changed.
            things: (rows/2, columns/2) uint8, 255 in the cells of things and near them; None where there are none.
            seconds: the time since the last call.
        """
        if things is None:
            self.forget()
            return
        if self._then_s is None:
            np.copyto(self._then, picture)
            self._then_s = 0.0
            return
        self._then_s += seconds
        self._rest_s += seconds
        steps: Any = int(self._rest_s / _STEP_S)
        self._rest_s -= steps * _STEP_S
        cv2.add(self._idle, steps, self._idle)
        cv2.absdiff(picture, self._then, self._difference)
        cv2.subtract(self._difference, tolerance, self._difference)
        cv2.threshold(self._difference, 0, 255, cv2.THRESH_BINARY, self._difference)
        cv2.resize(self._difference, self._changed.shape[::-1], self._changed, interpolation=cv2.INTER_AREA)
        cv2.bitwise_and(self._idle, cv2.inRange(self._changed, 0, _LESS_THAN_HALF), self._idle)
        cv2.bitwise_and(self._idle, things, self._idle)
        if self._then_s > AGO_S:
            np.copyto(self._then, picture)
            self._then_s = 0.0

    def any_moves(self, things: Bytes, boxes: list[tuple[int, int, int, int]]) -> bool:
        """Say whether any thing has changed lately.

        Args:
            things: (rows, columns) uint8, 255 in the cells of things.
            boxes: [x, y, w, h] of each, in cells.
        """
        alive = cv2.bitwise_and(cv2.inRange(self._idle, 0, round(STILL_S / _STEP_S)), things)
        return any(
            cv2.countNonZero(alive[y : y + h, x : x + w]) >= LEAST * (w * h) ** 0.5 for x, y, w, h in boxes
        )
