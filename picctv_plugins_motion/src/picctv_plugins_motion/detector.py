"""The motion detector: pictures in, moving things out.

The way of one picture:

1. It is halved by 2x2 means until it is about 320 columns wide, so that the cost does not grow with the camera.
2. Each pixel is compared with its band of background values (`background`), and 2x2 pixels make a cell.
3. A cell counts when this picture and that of a moment before agree about it or about a neighbour: noise does not come
   twice.
4. Only where cells remain: connected blobs, large enough, with edges that the background lacks, and not standing still
   from the first (`blobs`).
5. A few times a second the background learns, everywhere except where things are; what stays put for long joins it.

Nothing here knows of cameras, threads or settings files, nothing is random: the same pictures at the same times always
give the same detections.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from picctv_plugins_motion import blobs
from picctv_plugins_motion.background import Background

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.settings import MotionSettings

    Bytes = npt.NDArray[Any]  # uint8; the stubs of OpenCV say less about what they give

SECOND = 1_000_000_000

WIDEST = 480
"""Pictures are halved while they are at least this many columns wide, so 240 to 479 are left of a larger one."""

LEARN_S = 0.25
"""How often the background learns, in seconds."""

HOLD_S = 1.0
"""For how long after a detection a thing of half the size is enough."""

BREAK_S = 2.0
"""Pictures further apart than this have nothing to say about each other."""

CHANGED_SCENE = 0.6
"""The part of the cells that, changed at once, means that the picture as a whole became another."""

LIGHT_LEVELS = 3.0
"""From how many grey levels on a change of the whole picture is followed at once, and not learnt slowly."""

LIGHT_SWITCH_LEVELS = 24.0
"""Above how many the background is begun anew: then shadows and reflections are others as well."""

MOMENT_S = 0.08
"""How long before a picture the one lies that it is compared with: the last one at ten a second, the third at thirty."""

_NEIGHBOURS = np.ones((5, 5), np.uint8)


@dataclass(frozen=True)
class Detection:
    """What the detector found in one picture.

    Attributes:
        triggered: whether something moves.
        score: how much, from 0 (nothing) to 1.
        area: the changed part of the picture, 0 to 1.
        boxes: [x, y, w, h] of each moving thing in fractions of the picture, the largest first.
        mask: (rows, columns) uint8, 255 where something moves, in cells: fewer rows and columns than the picture has.
    """

    triggered: bool
    score: float
    area: float
    boxes: list[list[float]]
    mask: Bytes


class MotionDetector:
    """Finds what moves in the pictures of one camera. Not for several threads at once."""

    def __init__(self, settings: MotionSettings) -> None:
        """Take the settings; the size of the pictures is learnt from the first."""
        self._settings = settings
        self._shape: tuple[int, ...] | None = None
        self._seen = 0
        self._last_ns = self._quiet_until_ns = self._held_until_ns = 0
        self._since_learning_s = 0.0
        # A stricter look for a low sensitivity: an edge must be stronger to be new.
        self._margin = 18.0 - 12.0 * settings.sensitivity

    def apply(self, luma: Bytes, captured_at_ns: int) -> Detection:
        """Look at the next picture.

        Args:
            luma: (rows, columns) uint8, 0 to 255; it is left unchanged and not kept. Rows may be padded. At least
                16x16.
            captured_at_ns: when it was captured, in nanoseconds; any pause since the last one, also none.

        Raises:
            ValueError: it is no picture of this form.
        """
        if luma.ndim != 2 or luma.dtype != np.uint8 or min(luma.shape) < 16:
            raise ValueError(
                f"a picture is (rows, columns) uint8 of at least 16x16, not {luma.shape} {luma.dtype}"
            )
        picture = _halve(luma)
        if luma.shape != self._shape:
            self._shape = luma.shape
            self._start(picture, captured_at_ns)
            return self._nothing()
        seconds = (captured_at_ns - self._last_ns) / SECOND
        self._last_ns = captured_at_ns
        self._since_learning_s += min(max(seconds, 0.0), BREAK_S)
        if captured_at_ns < self._quiet_until_ns:
            self._seen += 1
            self._background.warm_up(picture, self._seen)
            return self._nothing()
        if not self._follow_light(picture):
            self._start(picture, captured_at_ns)
            return self._nothing()
        cells = self._changed(picture)
        if not 0 <= seconds <= BREAK_S:
            self._before.clear()
        self._before.append((captured_at_ns, picture, cells))
        while len(self._before) > 2 and self._before[1][0] <= captured_at_ns - MOMENT_S * SECOND:
            self._before.popleft()
        if cv2.countNonZero(cells) > CHANGED_SCENE * cells.size:
            self._start(picture, captured_at_ns)
            return self._nothing()
        return self._judge(picture, cells, captured_at_ns)

    def _start(self, picture: Bytes, now_ns: int) -> None:
        """Forget everything: this is the first picture of its kind."""
        self._background = Background(picture, self._settings)
        self._cells_shape = (picture.shape[0] // 2, picture.shape[1] // 2)
        self._before: deque[tuple[int, Bytes, Bytes]] = deque()
        self._known = self._still = np.zeros(self._cells_shape, np.uint8)
        self._watched = _watched(self._cells_shape, self._settings.ignore)
        self._smallest = max(2.0, self._settings.smallest * self._still.size)
        self._seen = 1
        self._last_ns = now_ns
        self._quiet_until_ns = now_ns + round(self._settings.warm_up_s * SECOND)
        self._held_until_ns = now_ns
        self._since_learning_s = 0.0
        self._still.flags.writeable = False

    def _follow_light(self, picture: Bytes) -> bool:
        """Follow a change of the light on the whole picture; say False where it was too large to follow.

        A lamp or a cloud multiplies the light, a camera's black level adds to it: what leaves the smaller rest is
        taken. Medians are taken on every 16th pixel: on all of them they would cost more than the rest together.
        """
        now = picture[::4, ::4].astype(np.float32)
        then = self._background.value[::4, ::4]
        level = float(np.median(now - then))
        if abs(level) < LIGHT_LEVELS:
            return True
        if abs(level) > LIGHT_SWITCH_LEVELS:
            return False
        gain = float(np.median((now + 1) / (then + np.float32(1))))
        rest_added = np.median(np.abs(now - then - np.float32(level)))
        rest_scaled = np.median(np.abs(now - then * np.float32(gain)))
        if rest_scaled < rest_added:
            self._background.follow(gain, 0.0)
        else:
            self._background.follow(1.0, level)
        return True

    def _changed(self, picture: Bytes) -> Bytes:
        """Give the cells of which at least half lies outside the band of the background."""
        inside = cv2.inRange(picture, self._background.low, self._background.high)
        pooled = cv2.resize(inside, self._cells_shape[::-1], interpolation=cv2.INTER_AREA)
        cells: Bytes = cv2.inRange(pooled, 0, 128)
        return cv2.bitwise_and(cells, self._watched) if self._watched is not None else cells

    def _active(self, picture: Bytes, before: Bytes) -> Bytes:
        """Give the cells of which a pixel differs from a moment before by more than the background's own noise."""
        surplus = cv2.subtract(cv2.absdiff(picture, before), self._background.tolerance)
        _, changed = cv2.threshold(surplus, 0, 255, cv2.THRESH_BINARY)
        return cv2.resize(changed, self._cells_shape[::-1], interpolation=cv2.INTER_AREA)

    def _judge(self, picture: Bytes, cells: Bytes, now_ns: int) -> Detection:
        _, picture_before, cells_before = self._before[0]
        steady = cv2.bitwise_and(cells, cv2.dilate(cells_before, _NEIGHBOURS))
        rejected = None
        found = None
        if cv2.countNonZero(steady):
            holding = now_ns < self._held_until_ns
            found = blobs.find(
                picture,
                self._background,
                steady,
                self._active(picture, picture_before),
                self._known if holding else self._still,
                max(2.0, self._smallest / 2 if holding else self._smallest),
                self._margin,
            )
            rejected = found.rejected
        if self._since_learning_s >= LEARN_S:
            held = cells if rejected is None else cv2.subtract(cells, rejected)
            self._background.learn(picture, held, rejected, self._since_learning_s)
            self._since_learning_s = 0.0
        if found is None or not found.boxes:
            return self._nothing()
        self._held_until_ns = now_ns + round(HOLD_S * SECOND)
        self._known = cv2.dilate(found.things, _NEIGHBOURS)
        rows, columns = self._cells_shape
        area = sum(found.areas) / (rows * columns)
        return Detection(
            triggered=True,
            score=float(1.0 - np.exp(-area / 0.02)),
            area=area,
            boxes=[
                [round(x / columns, 4), round(y / rows, 4), round(w / columns, 4), round(h / rows, 4)]
                for x, y, w, h in found.boxes
            ],
            mask=found.things,
        )

    def _nothing(self) -> Detection:
        return Detection(triggered=False, score=0.0, area=0.0, boxes=[], mask=self._still)


def _halve(luma: Bytes) -> Bytes:
    """Halve a picture by 2x2 means until it is narrow enough: the one scaling that OpenCV does at full speed."""
    picture = luma[: luma.shape[0] & ~1, : luma.shape[1] & ~1]
    while picture.shape[1] >= WIDEST and picture.shape[0] >= 32:
        picture = cv2.resize(
            picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA
        )
        picture = picture[: picture.shape[0] & ~1, : picture.shape[1] & ~1]
    # A small picture is copied: its owner may write into its memory, and the next pictures are compared with it.
    return picture.copy() if picture.shape[1] > luma.shape[1] // 2 else picture


def _watched(shape: tuple[int, int], ignore: list[list[tuple[float, float]]]) -> Bytes | None:
    """Give 255 for the cells outside the ignored polygons; None where all are watched."""
    if not ignore:
        return None
    watched = np.full(shape, 255, np.uint8)
    for polygon in ignore:
        corners = np.array([[x * shape[1], y * shape[0]] for x, y in polygon])
        cv2.fillPoly(watched, [np.round(corners).astype(np.int32)], 0)
    return watched
