"""Making pictures small enough, so that the cost of all that follows does not grow with the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

WIDTH = 320
"""Pictures are made smaller while they are at least twice as wide."""

WIDEST = 400
"""What is still wider then is scaled to `WIDTH`."""


class Shrinker:
    """Makes pictures of one size narrow enough.

    Reading a large picture from memory is what takes the time, so the first step leaves rows unread:

    - To a sixth, as from 1920x1080: two of six rows, and all their columns (`_Sixth`).
    - To a quarter: the mean of the middle 2x2 of each 4x4 pixels.
    - To a half: the mean of 2x2 pixels; so are all further steps.

    These are what OpenCV does at full speed. What is not narrow enough then is scaled by linear interpolation. No step
    moves the picture by more than a twentieth of a pixel.

    Attributes:
        shape: (rows, columns) of what comes out; both even.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        rows, columns = shape[:2]
        factors: list[float] = []
        if columns >= 6 * WIDTH and columns % 6 == 0 and rows >= 96:
            factors.append(6)
            rows, columns = rows // 6, columns // 6
        elif columns >= 4 * WIDTH and rows >= 64:
            factors.append(4)
            rows, columns = rows // 4, columns // 4
        while columns >= 2 * WIDTH and rows >= 32:
            factors.append(2)
            rows, columns = rows // 2, columns // 2
        if columns > WIDEST and rows * WIDTH >= 16 * columns:
            factors.append(columns / WIDTH)
            rows, columns = round(rows * WIDTH / columns), WIDTH
        self.shape = (rows & ~1, columns & ~1)
        self._steps: list[tuple[float, Bytes | None]] = []
        self._sixth: Bytes | None = None
        rows, columns = shape[:2]
        for number, factor in enumerate(factors, 1):
            rows, columns = int(rows / factor), int(columns / factor)
            last = number == len(factors)
            if last:
                rows, columns = self.shape
            if factor == 6:
                self._sixth = np.empty((rows, columns, 3), np.uint8)
            self._steps.append((factor, None if last else np.empty((rows, columns), np.uint8)))

    def shrink(self, luma: Bytes, into: Bytes) -> None:
        """Write a smaller picture, or a copy.

        Args:
            luma: (rows, columns) uint8 of the size given at the start; it is left unchanged.
            into: uint8 of `shape`; it is overwritten.
        """
        picture = luma
        for factor, step in self._steps:
            smaller = into if step is None else step
            rows, columns = smaller.shape
            # What is left over at the right and below is no whole pixel of the smaller picture.
            whole = picture[: round(factor * rows), : round(factor * columns)]
            if factor == 6 and self._sixth is not None:
                _shrink_to_sixth(whole, self._sixth, smaller)
            else:
                # Linear interpolation halfway between two pixels is their mean.
                way = cv2.INTER_AREA if factor == 2 else cv2.INTER_LINEAR
                cv2.resize(whole, (columns, rows), smaller, interpolation=way)
            picture = smaller
        if not self._steps:
            np.copyto(into, picture[: self.shape[0], : self.shape[1]])


def _shrink_to_sixth(picture: Bytes, threes: Bytes, into: Bytes) -> None:
    """Write a picture of a sixth of the rows and columns.

    Of each 6x6 pixels the second and fifth row are read. Three pixels beside each other are taken for the colours of one,
    so that the mean of 2x2 of those, and the brightness of that, are made of twelve pixels in two fast calls. The weights
    of the colours, 0.11, 0.59 and 0.30, are those of the columns.

    Args:
        picture: (6 rows, 6 columns) uint8; rows may be padded.
        threes: (rows, columns, 3) uint8; it is overwritten.
        into: (rows, columns) uint8; it is overwritten.
    """
    rows, columns = into.shape
    colours = picture[1::3].reshape(2 * rows, 2 * columns, 3)
    cv2.resize(colours, (columns, rows), threes, interpolation=cv2.INTER_AREA)
    cv2.cvtColor(threes, cv2.COLOR_BGR2GRAY, into)
