"""What the picture looks like when nothing moves: a band of values for each pixel.

A pixel that stays within ``[low, high]`` is still. The band lies around a running mean; it is wider where the pixel is
noisy (its running deviation) and where the background has local contrast, for there a camera that trembles by half a
pixel, or a leaf that sways, changes the value without anything having come. A quiet picture then costs one comparison,
and the band itself is made anew only a few times a second.

Everything is learnt by time, not by the number of frames, so that a camera of five frames a second and one of thirty
see the same. Steps are clipped: one wild value moves the mean by little. Only the mean and the deviation are kept as
float32; all else is uint8, which OpenCV does several times as fast, and in buffers that are made once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from picctv_plugins_motion.evidence import ABOVE_NOISE, FAINTEST, around

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.settings import MotionSettings
    from picctv_plugins_motion.zones import Zones

    Bytes = npt.NDArray[Any]  # uint8; the stubs of OpenCV say less about what they give

MEAN_S = 8.0
"""Time constant of the mean where the picture is still, in seconds."""

REJECTED_S = 2.0
"""The same where a change was judged to be light, shadow or a ghost: it shall be followed soon."""

DEVIATION_S = 6.0
"""Time constant of the deviation, in seconds."""

FEW = 0.3
"""Below which part of the picture a wide band is made of that part only, for each picture anew."""

# OpenCV takes a number for an array where its stubs do not say so.
_STEP: Any = 24
_KERNEL = np.ones((3, 3), np.uint8)
_GLOW = np.ones((9, 9), np.uint8)  # in cells: light fades out beyond what is seen to have changed

_GLARING: Any = 245.0
_NOISE_RANGE = (
    3.0  # 3x3 pixels of noise differ by 3.7 times its mean deviation; 2 levels of that are always allowed
)
_USUAL_NOISE: Any = 2.0 * _NOISE_RANGE
_MOST_NOISE: Any = 8.0  # more than that comes from things that pass


class Small(NamedTuple):
    """A background in cells of 2x2 pixels.

    Attributes:
        value: (rows, columns) uint8, the mean.
        around: (rows, columns) uint8, the mean of its surroundings.
        edges: (rows, columns) uint8, the mean strength of its edges.
        texture: (rows, columns) int16, by how much each is brighter than its surroundings.
        noise: (rows, columns) uint8, the least texture that is none of noise.
        mean: of all values.
    """

    value: Bytes
    around: Bytes
    edges: Bytes
    texture: Bytes
    noise: Bytes
    mean: float


class Background:
    """The background of one picture size.

    Attributes:
        low: (rows, columns) uint8, the lowest value of each pixel that is still.
        high: (rows, columns) uint8, the highest.
        contrast: (rows, columns) uint8, the largest difference within the 5x5 neighbourhood of each pixel.
        value: (rows, columns) uint8, the mean.
        tolerance: (rows, columns) uint8, half the width of the band.
        margin: by how many grey levels an edge must surpass those of the background to be new; a number, or (rows, columns)
            uint8 where zones have sensitivities of their own.
        age: counts the changes of all these; who derives something from them sees by it whether that still holds.
    """

    def __init__(self, first: Bytes, settings: MotionSettings, zones: Zones) -> None:
        """Begin with one picture, (rows, columns) uint8; it is copied."""
        self._mean = first.astype(np.float32)
        self._deviation = np.full(first.shape, 2.0, np.float32)
        self._previous = first.copy()
        self._widths: list[tuple[tuple[float, float, float], Bytes | None]]
        self._widths = [(_width(settings.sensitivity), None)]
        self._widths += [(_width(sensitivity), mask) for sensitivity, mask in zones.sensitive(first.shape)]
        self.margin: Any = _margin(settings.sensitivity)
        for sensitivity, mask in zones.sensitive(first.shape):
            if isinstance(self.margin, float):
                self.margin = np.full(first.shape, round(self.margin), np.uint8)
            self.margin[mask > 0] = round(_margin(sensitivity))
        self._shape = (first.shape[0] // 2, first.shape[1] // 2)
        self._candidate = cv2.resize(first, self._shape[::-1], interpolation=cv2.INTER_AREA)
        self._rest_s, self._no_rest = (np.zeros(self._shape, np.float32) for _ in range(2))
        self._settle_s = settings.settle_s
        self._held, self._soon, self._spread, self._clipped, self._local, self._part = (
            np.empty_like(first) for _ in range(6)
        )
        self._cells, self._changed, self._calm = (np.empty(self._shape, np.uint8) for _ in range(3))
        self.low, self.high, self.contrast, self.value, self.tolerance = (
            np.empty_like(first) for _ in range(5)
        )
        self._wide: dict[int, tuple[Bytes, Bytes]] = {}
        self._small: Small | None = None
        self.age = 0
        self._learnt_s = 0.25  # what came before the first learning
        self.rebuild()

    def rebuild(self) -> None:
        """Make the band from the mean and the deviation."""
        self.age += 1
        self._wide.clear()
        self._small = None
        cv2.convertScaleAbs(self._mean, self.value)
        cv2.morphologyEx(self.value, cv2.MORPH_GRADIENT, _KERNEL, self._local)
        cv2.dilate(self._local, _KERNEL, self.contrast)
        for (base, noise, sway), mask in self._widths:
            half = self.tolerance if mask is None else self._clipped
            cv2.convertScaleAbs(self._deviation, half, alpha=noise, beta=base)
            cv2.convertScaleAbs(self._local, self._part, alpha=sway)
            cv2.add(half, self._part, half)
            if mask is not None:
                cv2.copyTo(half, mask, self.tolerance)
        cv2.subtract(self.value, self.tolerance, self.low)
        cv2.add(self.value, self.tolerance, self.high)

    @property
    def band(self) -> tuple[Bytes, Bytes]:
        """The lowest and the highest value of each pixel that is still."""
        return self.low, self.high

    def wide(self, radius: int, pixels: tuple[slice, slice] | None = None) -> tuple[Bytes, Bytes]:
        """Give the band, each pixel's with those of its neighbours up to so many pixels away; all, or a part of it.

        Whatever of the background sways, or is shifted, or blurred, by less than that stays within it.
        """
        if radius not in self._wide and pixels is not None and _size(pixels) < FEW * self.low.size:
            # The neighbours of the part's own pixels lie outside of it.
            rows, columns = pixels
            top, left = max(0, rows.start - radius), max(0, columns.start - radius)
            near = slice(top, rows.stop + radius), slice(left, columns.stop + radius)
            inner = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
            low, high = _widened(self.low[near], self.high[near], radius)
            return low[inner], high[inner]
        if radius not in self._wide:
            self._wide[radius] = _widened(self.low, self.high, radius)
        low, high = self._wide[radius]
        return (low, high) if pixels is None else (low[pixels], high[pixels])

    def small(self) -> Small:
        """Give the background in cells of 2x2 pixels."""
        if self._small is None:
            size = self._shape[::-1]
            value, edges, noise = (
                cv2.resize(values, size, interpolation=cv2.INTER_AREA)
                for values in (self.value, self._local, self._deviation)
            )
            noise = cv2.max(cv2.convertScaleAbs(noise, alpha=ABOVE_NOISE), FAINTEST)
            near = around(value)
            texture = cv2.subtract(value, near, dtype=cv2.CV_16S)
            self._small = Small(value, near, edges, texture, noise, cv2.mean(value)[0])
        return self._small

    def grain(self, pixels: tuple[slice, slice]) -> Bytes:
        """Give by how much noise may make each edge of a part stronger, in grey levels."""
        grain = cv2.convertScaleAbs(self._deviation[pixels], alpha=_NOISE_RANGE)
        cv2.subtract(grain, _USUAL_NOISE, grain)
        return cv2.min(grain, _MOST_NOISE, grain)

    def warm_up(self, picture: Bytes, seen: int) -> None:
        """Take a picture into the plain mean of the first `seen` pictures."""
        share = 1 / (seen + 1)
        cv2.absdiff(picture, self.value, self._spread)
        cv2.accumulateWeighted(self._spread, self._deviation, share)
        cv2.accumulateWeighted(picture, self._mean, share)
        np.copyto(self._previous, picture)
        self.rebuild()

    def follow(self, picture: Bytes, gain: float, level: float) -> None:
        """Follow a change of the light on the whole picture: every value times `gain`, plus `level`."""
        # How bright a place really was that was as bright as can be, nobody knows: at least as it is now.
        glaring = cv2.inRange(self.value, _GLARING, 255)
        self._mean *= np.float32(gain)
        self._mean += np.float32(level)
        np.clip(self._mean, 0, 255, out=self._mean)
        cv2.bitwise_and(glaring, cv2.compare(picture, cv2.convertScaleAbs(self._mean), cv2.CMP_GT), glaring)
        cv2.accumulateWeighted(picture, self._mean, 1.0, mask=glaring)
        np.clip(
            self._previous * np.float32(gain) + np.float32(level), 0, 255, out=self._clipped, casting="unsafe"
        )
        np.copyto(self._previous, self._clipped)
        self.rebuild()

    def learn(
        self, picture: Bytes, moving: Bytes, rejected: Bytes | None, light: Bytes | None, seconds: float
    ) -> None:
        """Learn from a picture what is still in it.

        Args:
            picture: (rows, columns) uint8.
            moving: (rows/2, columns/2) uint8, 255 in the cells where something moves or stands: there the mean stays.
            rejected: the same for cells whose change was no thing; None where there are none.
            light: the same for cells whose light changed, of which noise is not to be learnt; None where there are none.
            seconds: the time since the last call.
        """
        size = picture.shape[::-1]
        held = cv2.countNonZero(moving) > 0
        free = None
        cv2.absdiff(picture, self.value, self._spread)
        if held:
            cv2.resize(moving, size, self._held, interpolation=cv2.INTER_NEAREST)
            # A thing that stands on a pixel must not widen the band until the thing vanishes in it: there only the change
            # since the last time counts, which is large for a swaying branch and small for a standing person.
            cv2.absdiff(picture, self._previous, self._part)
            cv2.copyTo(self._part, self._held, self._spread)
            free = cv2.bitwise_not(self._held, self._held)
        cv2.min(self._spread, _STEP, self._spread)
        steady = None
        if light is not None:
            steady = cv2.bitwise_not(
                cv2.resize(cv2.dilate(light, _GLOW), size, interpolation=cv2.INTER_NEAREST)
            )
        self._learnt_s += seconds
        # At first all pictures count alike: a mean of few of them is better than most of the first one.
        first = seconds / self._learnt_s
        cv2.accumulateWeighted(
            self._spread, self._deviation, max(first, _share(seconds, DEVIATION_S)), mask=steady
        )
        cv2.subtract(self.value, _STEP, self._clipped)
        cv2.max(picture, self._clipped, self._clipped)
        cv2.add(self.value, _STEP, self._part)
        cv2.min(self._clipped, self._part, self._clipped)
        cv2.accumulateWeighted(self._clipped, self._mean, max(first, _share(seconds, MEAN_S)), mask=free)
        if rejected is not None:
            cv2.resize(rejected, size, self._soon, interpolation=cv2.INTER_NEAREST)
            cv2.accumulateWeighted(picture, self._mean, _share(seconds, REJECTED_S), mask=self._soon)
        np.copyto(self._previous, picture)
        self._settle(picture, moving, seconds, held=held)
        self.rebuild()

    def _settle(self, picture: Bytes, moving: Bytes, seconds: float, *, held: bool) -> None:
        """Take what has stayed put for long into the background."""
        cv2.resize(picture, self._shape[::-1], self._cells, interpolation=cv2.INTER_AREA)
        cv2.absdiff(self._cells, self._candidate, self._changed)
        cv2.threshold(self._changed, 16, 255, cv2.THRESH_BINARY, self._changed)
        cv2.copyTo(self._cells, self._changed, self._candidate)
        if not held:
            self._rest_s.fill(0.0)
            return
        cv2.add(self._rest_s, seconds, self._rest_s)  # type: ignore[call-overload]
        # Someone who passes in front takes some of the time away, not all of it.
        cv2.copyTo(cv2.multiply(self._rest_s, 0.5), self._changed, self._rest_s)  # type: ignore[call-overload]
        cv2.copyTo(self._no_rest, cv2.bitwise_not(moving, self._calm), self._rest_s)
        if cv2.minMaxLoc(self._rest_s)[1] > self._settle_s:
            settled = cv2.compare(self._rest_s, self._settle_s, cv2.CMP_GT)  # type: ignore[call-overload]
            mask = cv2.resize(settled, picture.shape[::-1], interpolation=cv2.INTER_NEAREST)
            cv2.accumulateWeighted(picture, self._mean, 1.0, mask=mask)
            cv2.copyTo(self._no_rest, settled, self._rest_s)


def _size(pixels: tuple[slice, slice]) -> int:
    rows, columns = pixels
    return int((rows.stop - rows.start) * (columns.stop - columns.start))


def _widened(low: Bytes, high: Bytes, radius: int) -> tuple[Bytes, Bytes]:
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return cv2.erode(low, kernel), cv2.dilate(high, kernel)


def _width(sensitivity: float) -> tuple[float, float, float]:
    """Give what half the width of the band is made of: base + noise * deviation + sway * local contrast.

    By default that is 4.7 grey levels, and 3.25 for each of the deviation, in a flat place.
    """
    return 8.5 - 7.6 * sensitivity, 4.5 - 2.5 * sensitivity, 0.55 - 0.3 * sensitivity


def _margin(sensitivity: float) -> float:
    return 12.0 - 10.0 * sensitivity


def _share(seconds: float, constant: float) -> float:
    """Give the part of a difference that is made up for in a time, for a time constant."""
    return 1.0 - math.exp(-seconds / constant)
