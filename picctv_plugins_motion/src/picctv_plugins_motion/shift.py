"""A camera that shakes, or hangs in another place: its pictures are moved back to where the background is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from picctv_plugins_motion.align import Aligner, moved_back
from picctv_plugins_motion.moments import SECOND

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.background import Background
    from picctv_plugins_motion.cells import Cells
    from picctv_plugins_motion.moments import Moment

    Bytes = npt.NDArray[Any]

SHAKEN_S = 2.0
"""For how long after a shift the camera is taken to shake."""

STAYS_S = 10.0
"""A shift that stays the same for as long is the camera's new place."""

EXPLAINED = 0.7
"""A shift is believed that leaves less than this part of the changed cells."""


class Shift:
    """By how much the pictures of one size are shifted, and for how long they have been.

    Attributes:
        pixels: to the right and down, of the last picture.
    """

    def __init__(self, shape: tuple[int, int], cells: Cells) -> None:
        """Begin; `shape` is the rows and columns of the pictures, `cells` finds their changed cells."""
        self._cells = cells
        self._aligner = Aligner(shape)
        self._left = np.empty((shape[0] // 2, shape[1] // 2), np.uint8)
        self.forget(0)

    def forget(self, now_ns: int) -> None:
        """Take the camera to be in its place and still from now on."""
        self.pixels = (0, 0)
        self._shaken_until_ns = self._since_ns = now_ns

    def find(self, moment: Moment, background: Background, known: Bytes | None, least: float) -> int | None:
        """Find the changed cells of a picture, and move it back where a shift explains them.

        Args:
            moment: the picture; its cells are overwritten, and its picture is where it is moved back.
            background: what it is compared with.
            known: (rows/2, columns/2) uint8, 255 where things were just before; None where there were none.
            least: how many cells must be changed for a shift to be looked for.

        Returns:
            How many cells are changed; None where the camera has a new place.
        """
        count = self._cells.outside(moment.picture, background.band, moment.cells)
        shift = self._move_back(moment, background, known, least, count)
        if shift != self.pixels:
            self.pixels, self._since_ns = shift, moment.at_ns
        if shift != (0, 0):
            self._shaken_until_ns = moment.at_ns + round(SHAKEN_S * SECOND)
            if moment.at_ns - self._since_ns > STAYS_S * SECOND:
                return None
        if moment.at_ns < self._shaken_until_ns:
            # The rest of a shift, and the blur of a fast one, stay between the values of the neighbours.
            self._cells.outside(moment.picture, background.wide(1), moment.cells)
            # At the edges the picture shows what the background never saw.
            cv2.rectangle(moment.cells, (0, 0, *moment.cells.shape[::-1]), 0, 1)
            count = cv2.countNonZero(moment.cells)
        return count

    def _move_back(
        self, moment: Moment, background: Background, known: Bytes | None, least: float, count: int
    ) -> tuple[int, int]:
        unexplained = count
        if count >= least and known is not None and moment.at_ns >= self._shaken_until_ns:
            # Where all that changed is where things are just before, the camera has not moved.
            unexplained = cv2.countNonZero(cv2.subtract(moment.cells, known, self._left))
        if unexplained < least:
            return 0, 0
        right, down = (round(part) for part in self._aligner.shift(moment.picture, background))
        if (right, down) == (0, 0):
            return 0, 0
        aligned = moved_back(moment.picture, right, down, background.value)
        if self._cells.outside(aligned, background.band, self._left) >= EXPLAINED * count:
            return 0, 0
        np.copyto(moment.picture, aligned)
        np.copyto(moment.cells, self._left)
        return right, down
