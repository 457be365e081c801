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

LITTER_LASTS_S = 30.0
"""By how much litter raises the time for which a thing must last, in seconds: at a hundredth of the picture, 0.3 s."""


class Litter:
    """How much litter there is in the pictures of one camera: cells that change alone, for one picture."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._share = 0.0
        self._part = np.empty(shape, np.uint8)

    @property
    def longer_s(self) -> float:
        """For how much longer than otherwise a thing must last: drops and flakes lie near each other by chance."""
        return LITTER_LASTS_S * self._share

    def see(self, ages: Bytes, seconds: float) -> None:
        """Take note of a picture.

        Args:
            ages: (rows, columns) uint8, 1 where a cell is changed and nothing near it was before.
            seconds: the time since the last call.
        """
        cv2.inRange(ages, 1, 1, self._part)
        self._note(min(MOST_LITTER, cv2.countNonZero(self._part) / ages.size), seconds)

    def see_nothing(self, seconds: float) -> None:
        """Take note of a picture without changed cells; `seconds` is the time since the last call."""
        self._note(0.0, seconds)

    def _note(self, litter: float, seconds: float) -> None:
        constant = LITTER_S if litter > self._share else LITTER_S / 10
        self._share += (litter - self._share) * (1.0 - math.exp(-seconds / constant))
