"""What the picture looks like when nothing moves: a band of values for each pixel.

A pixel that stays within ``[low, high]`` is still. The band lies around a running mean; it is wider where the pixel is
noisy (its running deviation) and where the background has local contrast, for there a camera that trembles by half a
pixel, or a leaf that sways, changes the value without anything having come. A quiet picture then costs one comparison,
and the band itself is made anew only a few times a second.

Everything is learnt by time, not by the number of frames, so that a camera of five frames a second and one of thirty
see the same. Steps are clipped: one wild value moves the mean by little.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.settings import MotionSettings

    Bytes = npt.NDArray[Any]  # uint8; the stubs of OpenCV say less about what they give

MEAN_S = 8.0
"""Time constant of the mean where the picture is still, in seconds."""

REJECTED_S = 2.0
"""The same where a change was judged to be light, shadow or a ghost: it shall be followed soon."""

DEVIATION_S = 6.0
"""Time constant of the deviation, in seconds."""

_STEP = np.float32(24.0)
_KERNEL = np.ones((3, 3), np.uint8)


class Background:
    """The background of one picture size.

    Attributes:
        low: (rows, columns) uint8, the lowest value of each pixel that is still.
        high: (rows, columns) uint8, the highest.
        contrast: (rows, columns) uint8, the largest difference within the 5x5 neighbourhood of each pixel.
        value: (rows, columns) uint8, the mean.
        tolerance: (rows, columns) uint8, half the width of the band.
    """

    def __init__(self, first: Bytes, settings: MotionSettings) -> None:
        """Begin with one picture, (rows, columns) uint8; it is copied."""
        self._mean = first.astype(np.float32)
        self._deviation = np.full(first.shape, 2.0, np.float32)
        self._previous = self._mean.copy()
        # Half the width of the band is base + noise * deviation + sway * local contrast: 8 grey levels in a quiet, flat
        # place by default.
        self._base = 14.0 - 12.0 * settings.sensitivity
        self._noise = 4.5 - 2.0 * settings.sensitivity
        self._sway = 0.5 - 0.3 * settings.sensitivity
        self._shape = (first.shape[0] // 2, first.shape[1] // 2)
        self._candidate = cv2.resize(first, self._shape[::-1], interpolation=cv2.INTER_AREA)
        self._rest_s = np.zeros(self._shape, np.float32)
        self._settle_s = settings.settle_s
        self.rebuild()

    def rebuild(self) -> None:
        """Make the band from the mean and the deviation."""
        self.value: Bytes = cv2.convertScaleAbs(self._mean)
        local = cv2.morphologyEx(self.value, cv2.MORPH_GRADIENT, _KERNEL)
        self.contrast: Bytes = cv2.dilate(local, _KERNEL)
        half = cv2.addWeighted(self._deviation, self._noise, local, self._sway, self._base, dtype=cv2.CV_32F)
        # convertScaleAbs would fold negative values up; a clip at 0 first keeps dark places dark.
        self.low: Bytes = cv2.convertScaleAbs(np.maximum(self._mean - half, 0))
        self.high: Bytes = cv2.convertScaleAbs(self._mean + half)
        self.tolerance: Bytes = cv2.convertScaleAbs(half)

    def warm_up(self, picture: Bytes, seen: int) -> None:
        """Take a picture into the plain mean of the first `seen` pictures."""
        current = picture.astype(np.float32)
        self._deviation += (cv2.absdiff(current, self._mean) - self._deviation) * np.float32(1 / (seen + 1))
        self._mean += (current - self._mean) * np.float32(1 / (seen + 1))
        self._previous = current
        self.rebuild()

    def follow(self, gain: float, level: float) -> None:
        """Follow a change of the light on the whole picture: every value times `gain`, plus `level`."""
        self._mean = np.clip(self._mean * np.float32(gain) + np.float32(level), 0, 255)
        self._previous = np.clip(self._previous * np.float32(gain) + np.float32(level), 0, 255)
        self.rebuild()

    def learn(self, picture: Bytes, moving: Bytes, rejected: Bytes | None, seconds: float) -> None:
        """Learn from a picture what is still in it.

        Args:
            picture: (rows, columns) uint8.
            moving: (rows/2, columns/2) uint8, 255 in the cells where something moves or stands: there the mean stays.
            rejected: the same for cells whose change was no thing; None where there are none.
            seconds: the time since the last call.
        """
        current = picture.astype(np.float32)
        size = picture.shape[::-1]
        held = cv2.resize(moving, size, interpolation=cv2.INTER_NEAREST)
        difference = current - self._mean
        step = np.clip(difference, -_STEP, _STEP) * _share(seconds, MEAN_S)
        if rejected is not None:
            soon = cv2.resize(rejected, size, interpolation=cv2.INTER_NEAREST)
            cv2.copyTo(difference * _share(seconds, REJECTED_S), soon, step)
        spread = cv2.absdiff(current, self._mean)
        # A thing that stands on a pixel must not widen the band until the thing vanishes in it: there only the change
        # since the last time counts, which is large for a swaying branch and small for a standing person.
        cv2.copyTo(cv2.absdiff(current, self._previous), held, spread)
        self._deviation += (np.minimum(spread, _STEP) - self._deviation) * _share(seconds, DEVIATION_S)
        cv2.copyTo(np.zeros_like(step), held, step)
        self._mean += step
        self._previous = current
        self._settle(picture, moving, seconds)
        self.rebuild()

    def _settle(self, picture: Bytes, moving: Bytes, seconds: float) -> None:
        """Take what has stayed put for long into the background."""
        cells = cv2.resize(picture, self._shape[::-1], interpolation=cv2.INTER_AREA)
        _, changed = cv2.threshold(cv2.absdiff(cells, self._candidate), 16, 255, cv2.THRESH_BINARY)
        cv2.copyTo(cells, changed, self._candidate)
        occupied = moving > 0
        self._rest_s = np.where(occupied, self._rest_s + np.float32(seconds), np.float32(0))
        # Someone who passes in front takes some of the time away, not all of it.
        self._rest_s[changed > 0] *= np.float32(0.5)
        settled = self._rest_s > self._settle_s
        if settled.any():
            mask = cv2.resize(settled.astype(np.uint8), picture.shape[::-1], interpolation=cv2.INTER_NEAREST)
            cv2.copyTo(picture.astype(np.float32), mask, self._mean)
            self._rest_s[settled] = 0


def _share(seconds: float, constant: float) -> np.float32:
    """Give the part of a difference that is made up for in a time, for a time constant."""
    return np.float32(1.0 - math.exp(-seconds / constant))
