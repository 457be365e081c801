"""For how long a place has been changed: what tells things from noise, rain, and whatever else comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

STEP_S = 0.01
"""What one unit of an age is, in seconds; the oldest is 255 of them."""

MOST_S = 0.1
"""A picture adds no more than this to an age, however long ago the last one was: two pictures are two chances."""

_NEW: Any = 1
_NEAR = np.ones((5, 5), np.uint8)


class Persistence:
    """Ages of the changed cells of one camera.

    A changed cell has the age of the oldest cell that was changed near it in the picture before, plus the time since. So a
    thing keeps its age as it moves, by up to two cells a picture, or by less than its own size.

    Attributes:
        ages: (rows, columns) uint8, 0 where nothing is changed, 1 where the change is new, else 1 more than its age in
            steps.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.ages: Bytes = np.zeros(shape, np.uint8)
        self._near = np.empty_like(self.ages)
        self._any = False

    def see(self, cells: Bytes, seconds: float) -> None:
        """Take note of a picture.

        Args:
            cells: (rows, columns) uint8, 255 where changed.
            seconds: the time since the last picture.
        """
        if not self._any:
            cv2.min(cells, _NEW, self.ages)
        else:
            step: Any = max(1, round(min(seconds, MOST_S) / STEP_S))
            cv2.dilate(self.ages, _NEAR, self._near)
            self.ages.fill(1)
            cv2.add(self._near, step, self.ages, mask=self._near)
            cv2.bitwise_and(self.ages, cells, self.ages)
        self._any = True

    def forget(self) -> None:
        """Nothing is changed, or nobody knows for how long."""
        if self._any:
            self.ages.fill(0)
            self._any = False
