"""Where a picture is other than its background: pixels outside a band, pooled to cells of 2x2 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

_LESS_THAN_HALF: Any = 128  # a cell with two of four pixels inside the band has 127.5, rounded up
_NONE: Any = 0


class Part(NamedTuple):
    """A part of the picture, as slices of its cells and of its pixels."""

    cells: tuple[slice, slice]
    pixels: tuple[slice, slice]


class Cells:
    """Finds the changed cells in pictures of one size."""

    def __init__(self, shape: tuple[int, int], watched: Bytes | None) -> None:
        """Begin.

        Args:
            shape: rows and columns of the pictures, both even.
            watched: (rows/2, columns/2) uint8, 255 in the cells that are looked at; None for all.
        """
        self._watched = watched
        self._inside = np.empty(shape, np.uint8)
        self._pooled = np.empty((shape[0] // 2, shape[1] // 2), np.uint8)

    def outside(self, picture: Bytes, band: tuple[Bytes, Bytes], cells: Bytes) -> int:
        """Find the cells of which at least half lies outside a band.

        Args:
            picture: (rows, columns) uint8.
            band: the lowest and the highest value of each pixel inside, the same.
            cells: (rows/2, columns/2) uint8; it is overwritten, with 255 for yes.

        Returns:
            How many there are.
        """
        cv2.inRange(picture, *band, self._inside)
        cv2.resize(self._inside, self._pooled.shape[::-1], self._pooled, interpolation=cv2.INTER_AREA)
        cv2.inRange(self._pooled, _NONE, _LESS_THAN_HALF, cells)
        if self._watched is not None:
            cv2.bitwise_and(cells, self._watched, cells)
        return cv2.countNonZero(cells)


def outside(picture: Bytes, band: tuple[Bytes, Bytes]) -> Bytes:
    """Give the same cells of a part of a picture, in memory of their own."""
    cells = pooled(cv2.inRange(picture, *band))
    return cv2.inRange(cells, _NONE, _LESS_THAN_HALF)


def pooled(values: Bytes) -> Bytes:
    """Give the means of 2x2 pixels."""
    rows, columns = values.shape
    return cv2.resize(values, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)


def surroundings(cells: Bytes) -> Part:
    """Give the part of the picture that has all marked cells and two around them."""
    x, y, w, h = cv2.boundingRect(cells)
    top, left = max(0, y - 2), max(0, x - 2)
    bottom, right = min(cells.shape[0], y + h + 2), min(cells.shape[1], x + w + 2)
    return Part(
        (slice(top, bottom), slice(left, right)), (slice(2 * top, 2 * bottom), slice(2 * left, 2 * right))
    )
