"""Rain and snow: changes all over the picture that are gone a moment later."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

LITTER_S = 5.0
"""Time constant of the litter, in seconds; it falls ten times as fast, for rain does not stop for a moment."""

MOST_LITTER = 0.015
"""The largest part of the picture that counts as litter; more than that is a fast thing, or many."""

LITTER_SIZE = 400.0
"""By how much litter raises the size of the smallest thing: at a hundredth of the picture, five times."""


class Litter:
    """How much litter there is in the pictures of one camera: cells that change alone, for one picture."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._share = 0.0
        self._part = np.empty(shape, np.uint8)

    @property
    def larger(self) -> float:
        """By how many times larger than otherwise a thing must be: drops and flakes lie side by side by chance."""
        return 1.0 + LITTER_SIZE * self._share

    def see(self, cells: Bytes, near: Bytes, seconds: float) -> None:
        """Take note of the changed cells of a picture, of which a moment before none was changed near by.

        Args:
            cells: (rows, columns) uint8, 255 where changed.
            near: the same, 255 where changed a moment before, at the place or near it.
            seconds: the time since the last call.
        """
        cv2.subtract(cells, near, self._part)
        litter = min(MOST_LITTER, cv2.countNonZero(self._part) / cells.size)
        constant = LITTER_S if litter > self._share else LITTER_S / 10
        self._share += (litter - self._share) * (1.0 - math.exp(-seconds / constant))
