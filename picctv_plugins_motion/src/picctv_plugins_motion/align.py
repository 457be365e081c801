"""By how much the camera has moved: a pole in the wind, a lorry that passes, a tripod that is touched.

Phase correlation of quarter pictures (Kuglin and Hines, 1975) finds a shift whatever moves in the picture, and whatever
its light. It costs a tenth of a millisecond, so it is asked only where something changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.background import Background

    Bytes = npt.NDArray[Any]

REACH = 0.08
"""The largest shift that is believed, as a part of the picture's longer side; what moves on is another view."""

CLEAR = 0.08
"""The least height of the correlation's peak; 1 is a perfect match."""


class Aligner:
    """Finds the shift of pictures of one size against their background."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._half = (shape[1] // 2, shape[0] // 2)
        self._quarter = (shape[1] // 4, shape[0] // 4)
        self._window = cv2.createHanningWindow(self._quarter, cv2.CV_32F)
        self._scale = (shape[1] / self._quarter[0], shape[0] / self._quarter[1])
        self._reach = min(REACH * max(shape), min(shape) / 4)
        self._reference: Bytes = np.empty(0)
        self._age = -1

    def shift(self, picture: Bytes, background: Background) -> tuple[float, float]:
        """Give by how many pixels the picture lies right of and below its background; 0 where that is not clear."""
        if background.age != self._age:
            self._reference = self._small(background.value)
            self._age = background.age
        (x, y), response = cv2.phaseCorrelate(self._reference, self._small(picture), self._window)
        right, down = x * self._scale[0], y * self._scale[1]
        # So written, a correlation of pictures without any contrast, which is no number, is not believed either.
        if response >= CLEAR and abs(right) <= self._reach and abs(down) <= self._reach:
            return right, down
        return 0.0, 0.0

    def _small(self, picture: Bytes) -> Bytes:
        half = cv2.resize(picture, self._half, interpolation=cv2.INTER_AREA)
        return cv2.resize(half, self._quarter, interpolation=cv2.INTER_AREA).astype(np.float32)


def moved_back(picture: Bytes, right: int, down: int, background: Bytes) -> Bytes:
    """Give a picture as it would be had the camera not moved; what was out of sight is as in the background."""
    rows, columns = picture.shape
    aligned = background.copy()
    aligned[max(0, -down) : rows - max(0, down), max(0, -right) : columns - max(0, right)] = picture[
        max(0, down) : rows - max(0, -down), max(0, right) : columns - max(0, -right)
    ]
    return aligned
