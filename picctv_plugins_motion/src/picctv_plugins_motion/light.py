"""Following the light where it changes on the whole picture: clouds, lamps, and the camera's own exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.background import Background

    Bytes = npt.NDArray[Any]

LIGHT_LEVELS: Any = 3.0
"""From how many grey levels on a change of the whole picture is followed at once, and not learnt slowly."""

LIGHT_SWITCH_LEVELS = 24.0
"""Above how many the background is begun anew: then shadows and reflections are others as well."""

_MIDDLE: Any = 128.0  # of the values of a difference that may have both signs


class Light:
    """Finds changes of the light in pictures of one size."""

    def __init__(self, shape: tuple[int, int]) -> None:
        grid = (-(-shape[0] // 4), -(-shape[1] // 4))
        self._now, self._then, self._level, self._same = (np.empty(grid, np.uint8) for _ in range(4))

    def follow(self, picture: Bytes, background: Background) -> bool:
        """Follow a change of the light on the whole picture; say False where it was too large to follow.

        A lamp or a cloud multiplies the light, a camera's black level adds to it: what leaves the smaller rest is
        taken. Medians are taken on every 16th pixel: on all of them they would cost more than the rest together.

        Args:
            picture: (rows, columns) uint8.
            background: what it is compared with; it follows.
        """
        np.copyto(self._now, picture[::4, ::4])
        np.copyto(self._then, background.value[::4, ::4])
        cv2.addWeighted(self._now, 1, self._then, -1, _MIDDLE, self._level)
        cv2.inRange(self._level, _MIDDLE - LIGHT_LEVELS + 1, _MIDDLE + LIGHT_LEVELS - 1, self._same)
        if 2 * cv2.countNonZero(self._same) > self._same.size:
            return True  # so is the median then, and counting costs less
        level = _median(self._level) - _MIDDLE
        if abs(level) < LIGHT_LEVELS:
            return True
        if abs(level) > LIGHT_SWITCH_LEVELS:
            return False
        now, then = self._now.astype(np.float32), self._then.astype(np.float32)
        gain = _median((now + np.float32(1)) / (then + np.float32(1)))
        rest_added = _median(np.abs(now - then - np.float32(level)))
        rest_scaled = _median(np.abs(now - then * np.float32(gain)))
        if rest_scaled < rest_added:
            background.follow(picture, gain, 0.0)
        else:
            background.follow(picture, 1.0, level)
        return True


def _median(values: Bytes) -> float:
    """Give the middle value; at a third of what `np.median` costs."""
    middle = values.size // 2
    return float(np.partition(values.ravel(), middle)[middle])
