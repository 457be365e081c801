"""Making pictures small enough, so that the cost of all that follows does not grow with the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

WIDTH = 320
"""Pictures are halved while they are at least twice as wide."""

WIDEST = 400
"""What is still wider then is scaled to `WIDTH`."""


class Shrinker:
    """Makes pictures of one size narrow enough.

    A picture is halved by 2x2 means. Where it has to be halved twice or more, the first two are one step, to the mean of
    the middle 2x2 of each 4x4 pixels. That leaves every other pair of rows unread: reading the picture from memory is what
    takes the time. Both are what OpenCV does at full speed. What is not narrow enough then, such as a quarter of
    1920x1080, is scaled by linear interpolation. No step moves the picture, not by a fraction of a pixel.

    Attributes:
        shape: (rows, columns) of what comes out; both even.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        rows, columns = shape[:2]
        factors: list[float] = []
        while columns >= 2 * WIDTH and rows >= 32:
            rows, columns = rows // 2, columns // 2
            factors.append(2)
        if len(factors) >= 2:
            factors[:2] = [4]
        if columns > WIDEST and rows * WIDTH >= 16 * columns:
            factors.append(columns / WIDTH)
            rows, columns = round(rows * WIDTH / columns), WIDTH
        self.shape = (rows & ~1, columns & ~1)
        self._steps: list[tuple[float, tuple[int, int], Bytes | None]] = []
        rows, columns = shape[:2]
        for number, factor in enumerate(factors, 1):
            rows, columns = int(rows / factor), int(columns / factor)
            last = number == len(factors)
            if last:
                rows, columns = self.shape
            self._steps.append(
                (factor, (rows, columns), None if last else np.empty((rows, columns), np.uint8))
            )

    def shrink(self, luma: Bytes, into: Bytes) -> None:
        """Write a smaller picture, or a copy.

        Args:
            luma: (rows, columns) uint8 of the size given at the start; it is left unchanged.
            into: uint8 of `shape`; it is overwritten.
        """
        picture = luma
        for factor, (rows, columns), step in self._steps:
            # What is left over at the right and below is no whole pixel of the smaller picture.
            whole = picture[: round(factor * rows), : round(factor * columns)]
            # Linear interpolation halfway between two pixels is their mean.
            way = cv2.INTER_AREA if factor == 2 else cv2.INTER_LINEAR
            picture = cv2.resize(whole, (columns, rows), into if step is None else step, interpolation=way)
        if not self._steps:
            np.copyto(into, picture[: self.shape[0], : self.shape[1]])
