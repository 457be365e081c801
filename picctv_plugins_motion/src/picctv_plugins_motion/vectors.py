"""Motion by the encoder's motion vectors: no picture is looked at, only what the encoder found out about it.

The way of one grid of blocks:

1. A movement that most vectors all over the picture share is the camera's own, and is taken off.
2. A vector counts when three of its eight neighbours say about the same: what an encoder makes of noise stands alone.
3. Vectors add up where they are, over some tenths of a second, as long as they point the same way. What has travelled
   far enough in that time, and farther than is usual at the place, moves; a branch that sways comes back.
4. Blocks for which no earlier picture had anything to offer count as well, where they lie close together.
5. Such blocks, if they were there in the picture before as well, at or near the place, are joined to things.

An encoder looks for few bits, and often says nothing of a picture in which little changed: so what was found is held for
a moment. What stands still has no vectors, and is not seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from picctv_plugins_motion.detector import BREAK_S, Detection
from picctv_plugins_motion.moments import SECOND
from picctv_plugins_motion.zones import Zones

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_core.frames import MotionVectors
    from picctv_plugins_motion.settings import MotionSettings

    Grid = npt.NDArray[Any]

TRAVEL_S = 0.4
"""For how long vectors add up, in seconds."""

TRAVEL = 0.01
"""How far a thing has to travel in that time, as a part of the picture's height, at sensitivity 0.5: a walker goes about
his own height in a second, and one of 6 % of the picture's height thus more than twice as far."""

USUAL = 4.0
"""How many times farther than is usual at a place it has to be."""

USUAL_S = 10.0
"""Within how many seconds what is usual at a place is learnt."""

STRAIGHT = 0.85
"""The part of the whole way that a thing has got ahead, at least."""

AGREEING = 3
"""How many of the eight blocks around must move alike."""

CLOSE = 6
"""How many of the nine blocks in and around an unpredicted one must be moving or unpredicted."""

HELD_S = 0.7
"""For how long what was found stays found."""

LEAST_BLOCKS = 3
"""The smallest thing, in blocks, however small the picture."""

SHARED = 0.25
"""The part of the blocks that must have a vector for the camera to be taken to move."""

ANOTHER = 0.5
"""With more unpredicted blocks than this part, the light was switched or the camera was torn away: what has added up till then says nothing any more."""

STRAY = 0.02
"""How many blocks more a thing must have for each that is active where nothing moves: noise and rain are everywhere."""

STRAY_S = 2.0
"""Within how many seconds the number of those is learnt."""

_TILES = (4, 4)
_TILES_SHAKEN = 10
_TILE_SHARE = 128  # of 255
_ALIKE = 1
_NEAR = np.ones((5, 5), np.uint8)
_CLOSED = np.ones((3, 3), np.uint8)
_BLOCK = 16
_NO_VECTOR = 10_000


class VectorDetector:
    """Finds what moves in the motion vectors of one camera. Not for several threads at once."""

    def __init__(self, settings: MotionSettings) -> None:
        """Take the settings; the size of the grid is learnt from the first vectors."""
        self._settings = settings
        self._zones = Zones(settings)
        self._shape: tuple[int, ...] | None = None
        self._last_ns = self._quiet_until_ns = self._held_until_ns = 0
        self._found: Detection

    def apply(self, vectors: MotionVectors) -> Detection:
        """Look at the vectors of the next picture.

        Args:
            vectors: of the video's next picture that has any, any pause after the last, also none; they are left unchanged
                and not kept. `sad` is not used.

        Returns:
            What moves. The mask is in blocks, (rows, columns); boxes are in fractions of the grid, which may reach beyond
            the picture by a part of a block.

        Raises:
            ValueError: the vectors are not of the form that `picctv_core.frames.MotionVectors` documents.
        """
        _check(vectors)
        if vectors.x.shape != self._shape:
            self._take_size(vectors.x.shape)
            self._start(vectors.captured_at_ns)
        now_ns = vectors.captured_at_ns
        seconds = (now_ns - self._last_ns) / SECOND
        self._last_ns = now_ns
        if not 0 <= seconds <= BREAK_S:
            self._start(now_ns)
            seconds = 0.0
        alone = _unpredicted(vectors)
        if cv2.countNonZero(alone) > ANOTHER * alone.size:
            self._forget_way()
            return self._found if now_ns < self._held_until_ns else self._nothing
        x, y, shaken = _without_camera(vectors.x, vectors.y)
        if shaken:
            alone[:] = 0
        moving = _marked((x | y) != 0)
        agreeing = _agreeing(x, y, moving)
        travelled = self._travelled(agreeing, x, y, seconds)
        if self._watched is not None:
            cv2.bitwise_and(travelled, self._watched, travelled)
        found = self._things(travelled, alone, agreeing, now_ns)
        self._learn(cv2.bitwise_or(moving, alone), seconds)
        if now_ns < self._quiet_until_ns:
            return self._nothing
        if found is not None:
            self._held_until_ns = now_ns + round(HELD_S * SECOND)
            self._found = found
        return self._found if now_ns < self._held_until_ns else self._nothing

    def _take_size(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        rows, columns = shape
        self._watched = self._zones.watched(shape)
        self._named = self._zones.named(shape)
        self._smallest = max(float(LEAST_BLOCKS), self._settings.smallest * rows * columns)
        self._least = np.full(shape, _travel(self._settings.sensitivity, rows), np.float32)
        for sensitivity, part in self._zones.sensitive(shape):
            self._least[part > 0] = _travel(sensitivity, rows)
        self._none = np.zeros(shape, np.uint8)
        mask = self._none.view(np.bool_)
        self._none.flags.writeable = mask.flags.writeable = False
        self._nothing = Detection(triggered=False, score=0.0, area=0.0, boxes=[], mask=mask)

    def _start(self, now_ns: int) -> None:
        """Forget all: nothing is known of the moments before."""
        self._usual = np.zeros(self._none.shape, np.float32)
        self._forget_way()
        self._known: Grid = self._none
        self._found = self._nothing
        self._stray = 0.0
        self._last_ns = self._held_until_ns = now_ns
        self._quiet_until_ns = now_ns + round(self._settings.warm_up_s * SECOND)

    def _forget_way(self) -> None:
        """Forget what has added up, and what was there in the picture before."""
        self._sums = np.zeros((3, *self._none.shape), np.float32)  # to the right, down, and of the whole way
        self._before: Grid = self._none

    def _travelled(self, places: Grid, x: Grid, y: Grid, seconds: float) -> Grid:
        """Add vectors up; give 255 where something has travelled, and goes on."""
        kept = float(np.exp(-seconds / TRAVEL_S))
        np.multiply(self._sums, kept, out=self._sums)
        right, down, way = self._sums.reshape(3, -1)
        # What comes from the left goes right.
        by_x, by_y = (part.ravel()[places].astype(np.float32) for part in (x, y))
        right[places] -= by_x
        down[places] -= by_y
        way[places] += np.sqrt(by_x * by_x + by_y * by_y)
        self._ahead = cv2.magnitude(self._sums[0], self._sums[1])
        ahead = self._ahead.ravel()[places]
        far = ahead > np.maximum(self._least.ravel()[places], USUAL * self._usual.ravel()[places])
        hot = np.zeros(x.shape, np.uint8)
        hot.ravel()[places[far & (ahead > STRAIGHT * way[places])]] = 255
        return hot

    def _things(self, travelled: Grid, alone: Grid, agreeing: Grid, now_ns: int) -> Detection | None:
        """Join blocks to things; None where there are none."""
        held = now_ns < self._held_until_ns
        if not held:
            self._known = self._none
        smallest = (self._smallest / 2 if held else self._smallest) + STRAY * self._stray
        if cv2.countNonZero(travelled) < smallest:
            self._before = travelled
            return None
        hot = cv2.bitwise_or(travelled, _close(alone, agreeing))
        if self._watched is not None:
            cv2.bitwise_and(hot, self._watched, hot)
        near = cv2.bitwise_or(cv2.dilate(self._before, _NEAR), self._known)
        steady = cv2.bitwise_and(hot, near)
        self._before = hot
        joined = cv2.morphologyEx(steady, cv2.MORPH_CLOSE, _CLOSED)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        # Light leaves blocks unpredicted too: a thing is what has travelled, and they are parts of it at the most.
        amounts = np.bincount(labels[cv2.bitwise_and(travelled, steady) > 0], minlength=count)
        passed = amounts >= smallest
        passed[0] = False
        if not passed.any():
            return None
        things = _marked(passed[labels])
        self._known = cv2.dilate(things, _NEAR)
        boxes = stats[passed]
        return self._detection(things, boxes[np.argsort(-boxes[:, cv2.CC_STAT_AREA], kind="stable"), :4])

    def _learn(self, active: Grid, seconds: float) -> None:
        """Learn how far vectors add up, and how many there are, where nothing moves."""
        cv2.accumulateWeighted(
            self._ahead, self._usual, 1.0 - float(np.exp(-seconds / USUAL_S)), cv2.bitwise_not(self._known)
        )
        stray = cv2.countNonZero(cv2.subtract(active, self._known))
        self._stray += (stray - self._stray) * (1.0 - float(np.exp(-seconds / STRAY_S)))

    def _detection(self, things: Grid, boxes: Grid) -> Detection:
        rows, columns = things.shape
        area = cv2.countNonZero(things) / things.size
        mask = things > 0
        mask.flags.writeable = False
        return replace(
            self._nothing,
            triggered=True,
            score=float(1.0 - np.exp(-area / 0.02)),
            area=area,
            boxes=[[x / columns, y / rows, w / columns, h / rows] for x, y, w, h in boxes.tolist()],
            mask=mask,
            zones=[name for name, part in self._named if cv2.countNonZero(cv2.bitwise_and(things, part))],
        )


def _marked(chosen: Grid) -> Grid:
    """Give 255 where a block is chosen; the comparisons of OpenCV do not know grids of a single column."""
    return chosen.view(np.uint8) * np.uint8(255)


def _unpredicted(vectors: MotionVectors) -> Grid:
    """Give 255 for the blocks for which no earlier picture had anything to offer."""
    if vectors.predicted is None:
        return np.zeros(vectors.x.shape, np.uint8)
    return _marked(~vectors.predicted)


def _close(alone: Grid, agreeing: Grid) -> Grid:
    """Give 255 for the unpredicted blocks that lie close together, or among moving ones."""
    active = alone & 1
    active.ravel()[agreeing] = 1
    around = cv2.boxFilter(active, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return _marked(around >= CLOSE) & alone


def _check(vectors: MotionVectors) -> None:
    x, y = vectors.x, vectors.y
    if x.ndim != 2 or x.shape != y.shape or not x.size or x.dtype != np.int8 or y.dtype != np.int8:
        raise ValueError(
            f"motion vectors are two of (rows, columns) int8, not {x.shape} {x.dtype} and {y.shape} {y.dtype}"
        )
    predicted = vectors.predicted
    if predicted is not None and (predicted.shape != x.shape or predicted.dtype != np.bool_):
        raise ValueError(f"predicted is {x.shape} bool, not {predicted.shape} {predicted.dtype}")


def _travel(sensitivity: float, rows: int) -> float:
    """Give how far a thing must travel, in pixels: half as far as by default at sensitivity 1, twice as far at 0."""
    return TRAVEL * rows * _BLOCK * float(4.0 ** (0.5 - sensitivity))


def _without_camera(x: Grid, y: Grid) -> tuple[Grid, Grid, bool]:
    """Give the vectors as int16 without the camera's own movement, and say whether there was one.

    A lorry may have as many vectors as a camera that sways; but it has them in its part of the picture only.
    """
    x, y = x.astype(np.int16), y.astype(np.int16)
    moving = (x | y) != 0
    if np.count_nonzero(moving) <= SHARED * x.size:
        return x, y, False
    right, down = _middle(x[moving]), _middle(y[moving])
    alike = moving & (np.abs(x - right) <= _ALIKE) & (np.abs(y - down) <= _ALIKE)
    tiles = cv2.resize(alike.view(np.uint8) * 255, _TILES, interpolation=cv2.INTER_AREA)
    if (right, down) == (0, 0) or np.count_nonzero(tiles > _TILE_SHARE) < _TILES_SHAKEN:
        return x, y, False
    # A block without a vector is so even that it looks the same wherever it comes from.
    still = alike | ~moving
    return np.where(still, 0, x - right).astype(np.int16), np.where(still, 0, y - down).astype(np.int16), True


def _middle(values: Grid) -> int:
    """Give the median of whole numbers from -128 to 127."""
    counts = np.bincount(values.astype(np.intp) + 128, minlength=256)
    return int(np.searchsorted(np.cumsum(counts), (len(values) + 1) // 2)) - 128


def _agreeing(x: Grid, y: Grid, moving: Grid) -> Grid:
    """Give the places, as if all rows stood in one, of the vectors that enough of those around agree with."""
    rows, columns = x.shape
    if not cv2.countNonZero(moving):
        return np.empty(0, np.intp)
    # Far from every vector, so that nothing agrees with what has none, or with what is beyond the edge.
    x = cv2.copyTo(x, moving, np.full(x.shape, _NO_VECTOR, np.int16))
    x, y = (cv2.copyMakeBorder(part, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=_NO_VECTOR) for part in (x, y))
    margin = np.maximum(np.abs(x), np.abs(y)) // 4 + 1
    agree = np.zeros(x.shape, np.uint8)
    for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
        here = slice(0, rows + 2 - down), slice(max(0, -right), columns + 2 - max(0, right))
        there = slice(down, rows + 2), slice(max(0, right), columns + 2 + min(0, right))
        off = cv2.max(cv2.absdiff(x[here], x[there]), cv2.absdiff(y[here], y[there]))
        alike: Grid = cv2.compare(off, margin[here], cv2.CMP_LE)
        # 255 is -1 here.
        agree[here] -= alike
        agree[there] -= alike
    return np.flatnonzero((agree[1:-1, 1:-1] >= AGREEING) & (moving > 0))
