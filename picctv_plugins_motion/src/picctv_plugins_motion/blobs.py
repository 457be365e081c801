"""From changed cells to things: connected blobs, and whether each is a thing that moves.

A thing is large enough, was there a moment before, brings edges that the background lacks, and hides what is behind it
(`evidence`). What moves also goes on changing. The digits of a clock that is written into the picture, a lamp that went
on, a sign that was switched over are there from one picture to the next, and then stand still: such a blob is none,
unless it is where a thing was just before, which may well have stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from picctv_plugins_motion.cells import outside, pooled, surroundings
from picctv_plugins_motion.evidence import DARK_LEVEL, Evidence
from picctv_plugins_motion.persistence import STEP_S

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from picctv_plugins_motion.background import Background
    from picctv_plugins_motion.cells import Part
    from picctv_plugins_motion.moments import Moment

    Bytes = npt.NDArray[Any]  # uint8; the stubs of OpenCV say less about what they give
    Counts = npt.NDArray[Any]  # float64 or integers
    Bools = npt.NDArray[Any]

NEW_EDGES = 0.08
"""The part of a thing's pixels that are edges which the background lacks, at least."""

ACTIVE = 0.7
"""How many of a new thing's cells are other than a moment before, at least, as a part of the side of a square of as many
cells as it has; a square that moves by a pixel along its side has twice that."""

KNOWN = 0.1
"""The part of a thing's cells where a thing was just before, at least, if it does not move now."""

MANY = 0.7
"""So many sharp edges, as a part of the smallest thing, do as well: a foot is one, however large its shadow."""

NOISY = 0.02
"""So many more, as a part of its cells, for strong noise is as sharp here and there."""

FAR = 0.25
"""So many cells, as a part of the smallest thing, must be other even than the background near the place."""

LASTING = 0.2
"""The part of a thing's cells, at least, that have been changed for long enough, at or near the place."""

AT_ONCE = 2.0
"""What is smaller than so many times the smallest thing has to last longer, where no thing was just before."""

SMALL_S = 0.4
"""By how much longer, in seconds."""

LONG_S = 0.8
"""What has lasted for as long may be smaller than the smallest thing."""

SMALLER = 0.5
"""How large that must be, as a part of the smallest thing."""

LARGE = 0.01
"""The part of the picture from which on a thing counts at once; no noise is as large, and fast things are near."""

SHARP = 0.03
"""The part of the pixels of such a thing that are edges of twice the margin, at least: what is out of focus near the lens has none."""

HIDDEN = 0.25
"""The part of the background's texture that a thing hides, at least; noise hides some of it in light and shadow as well."""

TEXTURED = 0.15
"""In which part of the cells of a blob the background has a texture, where all can be told of what is hidden."""

FEWEST_TEXTURED = 6
"""How many cells those must be at least."""

LEAST_TEXTURED = 0.2
"""In which part of those there must be one, to tell anything."""

MOST = 0.6
"""The part of its cells that have a texture behind them, and of those the part that hide it, for a thing without new edges."""

GLOWING = 1.6
"""From how many times the brightness of the background on a blob may be a lamp's light, or an insect that it shines on."""

FOCUS = 0.8
"""The least strength of the edges of what is in focus, as a part of by how much the blob is brighter."""

FOCUSED = 0.5
"""How many cells have such edges, at least, as a part of the side of a square of as many cells as the blob has."""

OUTLINED = 0.8
"""A still blob whose outline is weaker, by this factor, than the background's edges there is what something left behind."""

_KERNEL = np.ones((3, 3), np.uint8)


class Changes(NamedTuple):
    """What is other than the background, in the part of a picture where something changed.

    The masks are (rows, columns) uint8 of the part, in cells, 255 for yes but for the ages.

    Attributes:
        picture: (rows, columns) uint8, the whole.
        background: what it is compared with.
        part: where the part lies.
        whole: rows and columns of the whole, in cells.
        cells: which cells are changed.
        far: which are other even than the background near the place.
        ages: for how long each has been changed, as `persistence.Persistence.ages`.
        active: which are other than a moment before.
        known: where things were just before; None where there were none.
    """

    picture: Bytes
    background: Background
    part: Part
    whole: tuple[int, ...]
    cells: Bytes
    far: Bytes
    ages: Bytes
    active: Bytes
    known: Bytes | None

    @classmethod
    def between(
        cls, moment: Moment, before: Moment, background: Background, ages: Bytes, known: Bytes | None
    ) -> Self:
        """Look at a picture and a moment before it; `ages` and `known` are of the whole picture."""
        part = surroundings(moment.cells)
        picture = moment.picture[part.pixels]
        # Near the place is within two pixels, or one in a thing.
        far = outside(picture, background.wide(2, part.pixels))
        if known is not None:
            known = known[part.cells]
            cv2.copyTo(outside(picture, background.wide(1, part.pixels)), known, far)
        # Of an active cell a pixel has changed by more than the background's own noise.
        difference = cv2.absdiff(picture, before.picture[part.pixels])
        surplus = cv2.subtract(difference, background.tolerance[part.pixels])
        active = pooled(cv2.threshold(surplus, 0, 255, cv2.THRESH_BINARY)[1])
        cv2.threshold(active, 0, 255, cv2.THRESH_BINARY, active)
        whole, cells = moment.cells.shape, moment.cells[part.cells]
        return cls(moment.picture, background, part, whole, cells, far, ages[part.cells], active, known)


@dataclass(frozen=True)
class Blobs:
    """The blobs of one picture, in cells of 2x2 pixels.

    Attributes:
        boxes: [x, y, w, h] of each thing, in cells; the largest first.
        areas: how many changed cells each has.
        things: (rows, columns) uint8, 255 in their cells.
        rejected: the same for blobs that are no things.
        light: the same for those of them that are light, shadow, or out of focus.
    """

    boxes: list[tuple[int, int, int, int]]
    areas: list[int]
    things: Bytes
    rejected: Bytes
    light: Bytes


class _Measured:
    """Sums over the blobs of a part. Few cells are in blobs; whatever is counted is counted in those only."""

    def __init__(self, cells: Bytes) -> None:
        self._shape = cells.shape
        joined = cv2.morphologyEx(cells, cv2.MORPH_CLOSE, _KERNEL)
        self.count, labels, self.stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        self._places = np.flatnonzero(joined)
        self._owner: Bytes = labels.ravel().take(self._places)

    def summed(self, values: Bytes) -> Counts:
        """Give the sum of values, (rows, columns), over the cells of each blob."""
        return np.bincount(self._owner, values.ravel().take(self._places), self.count)

    def counted(self, mask: Bytes) -> Counts:
        """Give how many cells of each blob are marked: 255, or a part of it."""
        return self.summed(mask) / 255.0

    def marked(self, chosen: Bools) -> Bytes:
        """Give 255 in the cells of the chosen blobs."""
        marked = np.zeros(self._shape, np.uint8)
        marked.ravel()[self._places[chosen.take(self._owner)]] = 255
        return marked

    def mean_above(self, values: Bytes, least: Counts) -> Counts:
        """Give the mean of the values of each blob that are at least what it asks for."""
        values = values.ravel().take(self._places)
        chosen = values >= least.take(self._owner)
        total = np.bincount(self._owner, values * chosen, self.count)
        return total / np.maximum(np.bincount(self._owner, chosen, self.count), 1)

    def above(self, values: Bytes, least: Counts) -> Counts:
        """Give how many cells of each blob have at least the value that it asks for."""
        return np.bincount(
            self._owner, values.ravel().take(self._places) >= least.take(self._owner), self.count
        )


def find(changes: Changes, smallest: float, confirmed_s: float) -> Blobs:
    """Find the things among the changed cells.

    Args:
        changes: what is changed.
        smallest: the number of cells that a thing has at least.
        confirmed_s: for how long a thing must have been there, in seconds.
    """
    whole, part = changes.whole, changes.part
    cells, far, ages, active = changes.cells, changes.far, changes.ages, changes.active
    shown = Evidence(changes.picture, changes.background, part)
    blobs = _Measured(cells)
    changed, sharp = blobs.counted(cells), blobs.counted(shown.sharp)
    side = np.sqrt(changed)
    was_there = np.zeros(blobs.count, bool)
    if changes.known is not None:
        was_there = (blobs.counted(changes.known) >= KNOWN * changed) & ~_left_behind(blobs, shown, cells)
    at_once = (changed >= AT_ONCE * smallest) | was_there
    lasting = np.where(
        at_once, blobs.counted(_older(ages, confirmed_s)), blobs.counted(_older(ages, confirmed_s + SMALL_S))
    )
    large = (changed >= smallest) | (blobs.counted(_older(ages, LONG_S)) >= SMALLER * smallest)
    sudden = (changed >= LARGE * whole[0] * whole[1]) & (sharp >= SHARP * changed)
    confirmed = sudden | (lasting >= np.maximum(LASTING * changed, SMALLER * smallest))
    new = (blobs.counted(shown.new) >= NEW_EDGES * changed) | (sharp >= MANY * smallest + NOISY * changed)
    # Of the texture behind each blob, in how many cells there is one, and in how many of them it is hidden.
    textured, hidden = (
        blobs.summed(cv2.min(cells, mask.view(np.uint8))) for mask in (shown.textured, shown.hidden)
    )
    new |= _hides(textured, hidden, changed)
    # A thing that moves by a pixel changes along its outline at least, however even it is within.
    moving = blobs.counted(active) >= np.maximum(2.0, ACTIVE * side)
    beyond = blobs.counted(far) >= FAR * smallest
    light = _seen_through(textured, hidden, changed) | _out_of_focus(blobs, shown, cells, changed)
    # A small one that stands still is a remnant of something rather than a thing.
    stands = was_there & (changed >= AT_ONCE * smallest)
    passed = confirmed & large & new & (moving | stands) & beyond & ~light
    # What is small and moves may yet become larger; what is small and stands still is left over from something.
    rejected = ~passed & ((changed >= smallest) | ~moving)
    passed[0] = rejected[0] = light[0] = False
    order = sorted(np.flatnonzero(passed), key=lambda label: -changed[label])
    top, left = part.cells[0].start, part.cells[1].start

    def marked(chosen: Bools) -> Bytes:
        mask = np.zeros(whole, np.uint8)
        mask[part.cells] = blobs.marked(chosen)
        return mask

    return Blobs(
        boxes=[(int(x) + left, int(y) + top, int(w), int(h)) for x, y, w, h in blobs.stats[order, :4]],
        areas=[int(changed[label]) for label in order],
        things=marked(passed),
        rejected=marked(rejected),
        light=marked(light & rejected),
    )


def _older(ages: Bytes, seconds: float) -> Bytes:
    """Give 255 for the cells that have been changed for so long."""
    return cv2.inRange(ages, 1 + round(seconds / STEP_S), 255)


def _seen_through(textured: Counts, hidden: Counts, area: Counts) -> Bools:
    """Say which blobs hide hardly anything of the background's texture; the less of it there is, the less may be hidden."""
    share = np.minimum(1.0, textured / np.maximum(TEXTURED * area, 1.0))
    enough = (share >= LEAST_TEXTURED) & (textured >= FEWEST_TEXTURED)
    return enough & (hidden < HIDDEN * share * share * textured)


def _hides(textured: Counts, hidden: Counts, area: Counts) -> Bools:
    """Say which blobs hide nearly all of a texture that is nearly everywhere behind them."""
    return (textured >= MOST * area) & (hidden >= MOST * textured)


def _out_of_focus(blobs: _Measured, shown: Evidence, cells: Bytes, area: Counts) -> Bools:
    """Say which blobs are much brighter than the background and have no edge that is as strong."""
    now, then = blobs.summed(cv2.min(shown.now, cells)), blobs.summed(cv2.min(shown.then, cells))
    dark = DARK_LEVEL * area
    glowing: Bools = (now + dark > GLOWING * (then + dark)) & shown.night
    if not glowing.any():
        return glowing
    brighter = cv2.min(cv2.subtract(shown.now, shown.then), cells)
    # Of what is out of focus, the middle is bright and the margin is faint.
    middle = blobs.summed(brighter) / np.maximum(area, 1.0)
    in_focus = blobs.above(shown.strongest(), FOCUS * blobs.mean_above(brighter, middle))
    return glowing & (in_focus < FOCUSED * np.sqrt(area))


def _left_behind(blobs: _Measured, shown: Evidence, cells: Bytes) -> Bools:
    """Say which blobs have an outline in the background rather than in the picture: a thing that was learnt has left."""
    outline = cv2.subtract(cells, cv2.erode(cells, _KERNEL))
    now, then = (blobs.summed(cv2.min(edges, outline)) for edges in shown.edges())
    return now < OUTLINED * then
