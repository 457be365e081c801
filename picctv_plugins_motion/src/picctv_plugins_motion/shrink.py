"""Making pictures small enough, so that the cost of all that follows does not grow with the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

WIDEST = 480
"""Pictures are halved while they are at least this many columns wide, so 240 to 479 are left of a larger one."""


class Shrinker:
    """Halves pictures of one size by 2x2 means until they are narrow enough: the one scaling OpenCV does at full speed.

    Attributes:
        shape: (rows, columns) of what comes out; both even.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        rows, columns = shape[0] & ~1, shape[1] & ~1
        self._steps: list[Bytes] = []
        while columns >= WIDEST and rows >= 32:
            self._steps.append(np.empty((rows // 2, columns // 2), np.uint8))
            rows, columns = rows // 2 & ~1, columns // 2 & ~1
        self.shape = (rows, columns)

    def shrink(self, luma: Bytes, into: Bytes) -> None:
        """Write a smaller picture, or a copy.

        Args:
            luma: (rows, columns) uint8 of the size given at the start; it is left unchanged.
            into: uint8 of `shape`; it is overwritten.
        """
        picture = luma
        for step in self._steps:
            even = picture[: picture.shape[0] & ~1, : picture.shape[1] & ~1]
            picture = cv2.resize(even, step.shape[::-1], step, interpolation=cv2.INTER_AREA)
        np.copyto(into, picture[: self.shape[0], : self.shape[1]])
