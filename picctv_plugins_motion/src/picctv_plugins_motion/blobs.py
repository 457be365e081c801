"""From changed cells to things: connected blobs, and whether each is a thing that moves.

A thing brings edges that the background lacks. Light, a shadow, a reflection, and the hole that a thing leaves behind
when the background had learnt it (a ghost) change values, and bring no edge, or only a soft one. A lamp that shines on
something makes the edges stronger that are there: so those of the background are taken as much stronger as the place
has become brighter.

What moves also goes on changing. The digits of a clock that is written into the picture, a lamp that went on, a sign
that was switched over are there from one picture to the next, and then stand still: such a blob is none, unless it is
where a thing was just before, which may well have stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.background import Background

    Bytes = npt.NDArray[Any]  # uint8; the stubs of OpenCV say less about what they give

NEW_EDGES = 0.08
"""The part of a thing's pixels that are edges which the background lacks, at least."""

ACTIVE = 0.7
"""How many of a new thing's cells are other than a moment before, at least, as a part of the side of a square of as many
cells as it has; a square that moves by a pixel along its side has twice that."""

KNOWN = 0.1
"""The part of a thing's cells where a thing was just before, at least, if it does not move now."""

MANY = 0.7
"""So many sharp edges, as a part of the smallest thing, do as well: a foot is one, however large its shadow."""

FAR = 0.5
"""So many cells, as a part of the smallest thing, must be other even than the background near the place."""

LASTING = 0.2
"""The part of a thing's cells, at least, that were changed a moment before as well, at or near the place."""

LARGE = 0.01
"""The part of the picture from which on a thing counts at once; no noise is as large, and fast things are near."""

SHARP = 0.03
"""The part of the pixels of such a thing that are edges of twice the margin, at least: what is out of focus near the lens has none."""

BRIGHTEST = 4.0
"""By how much stronger light may make an edge, at most; the camera's own limit makes it no stronger."""

_BRIGHTER = 2.0
_DARK_LEVEL: Any = 8.0  # what a camera adds to black; without it, noise in the dark would pass for light
_ONE: Any = 32
_KERNEL = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Blobs:
    """The blobs of one picture, in cells of 2x2 pixels.

    Attributes:
        boxes: [x, y, w, h] of each thing, in cells; the largest first.
        areas: how many changed cells each has.
        things: (rows, columns) uint8, 255 in their cells.
        rejected: the same for blobs that are no things.
    """

    boxes: list[tuple[int, int, int, int]]
    areas: list[int]
    things: Bytes
    rejected: Bytes


def find(
    picture: Bytes,
    background: Background,
    cells: Bytes,
    far: Bytes,
    steady: Bytes,
    active: Bytes,
    known: Bytes,
    smallest: float,
) -> Blobs:
    """Find the things among the changed cells.

    Args:
        picture: (rows, columns) uint8.
        background: what it is compared with.
        cells: (rows/2, columns/2) uint8, 255 where the picture is other than the background.
        far: the same, 255 where it is other even than the background near the place.
        steady: the same, 255 where a moment before it was so too, at or near the place.
        active: the same, 255 where it is other than a moment before.
        known: the same, 255 where things were just before.
        smallest: the number of cells that a thing has at least.
    """
    whole = cells.shape
    # All that follows is done in the part of the picture where something changed.
    part, there = _surroundings(cells)
    cells, far, steady, active, known = (mask[part] for mask in (cells, far, steady, active, known))
    joined = cv2.morphologyEx(cells, cv2.MORPH_CLOSE, _KERNEL)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    edges, sharp = _new_edges(picture[there], background, there, cells)
    # Few cells are in blobs; whatever is counted is counted in those only.
    inside = np.flatnonzero(joined != 0)
    owner = labels.ravel()[inside]

    def counted(mask: Bytes) -> npt.NDArray[np.float64]:
        return np.bincount(owner, mask.ravel()[inside], count) / 255.0

    changed, lasting, amount, sharp_cells = counted(cells), counted(steady), counted(edges), counted(sharp)
    sudden = (changed >= LARGE * whole[0] * whole[1]) & (sharp_cells >= SHARP * changed)
    confirmed = sudden | (lasting >= np.maximum(LASTING * changed, smallest))
    new = (amount >= NEW_EDGES * changed) | (sharp_cells >= MANY * smallest)
    # A thing that moves by a pixel changes along its outline at least, however even it is within.
    moving = counted(active) >= np.maximum(2.0, ACTIVE * np.sqrt(changed))
    was_there = counted(known) >= KNOWN * changed
    beyond = counted(far) >= FAR * smallest
    passed = confirmed & (changed >= smallest) & new & (moving | was_there) & beyond
    # What is small and moves may yet become larger; what is small and stands still is left over from something.
    rejected = ~passed & ((changed >= smallest) | ~moving)
    passed[0] = rejected[0] = False
    order = sorted(np.flatnonzero(passed), key=lambda label: -changed[label])
    top, left = part[0].start, part[1].start
    things, others = np.zeros(whole, np.uint8), np.zeros(whole, np.uint8)
    things[part] = _marked(cells.shape, inside, passed[owner])
    others[part] = _marked(cells.shape, inside, rejected[owner])
    return Blobs(
        boxes=[(int(x) + left, int(y) + top, int(w), int(h)) for x, y, w, h in stats[order, :4]],
        areas=[int(changed[label]) for label in order],
        things=things,
        rejected=others,
    )


def _surroundings(cells: Bytes) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Give the part of the picture that has all marked cells and two around them: in cells, and in pixels."""
    x, y, w, h = cv2.boundingRect(cells)
    top, left = max(0, y - 2), max(0, x - 2)
    bottom, right = min(cells.shape[0], y + h + 2), min(cells.shape[1], x + w + 2)
    return (slice(top, bottom), slice(left, right)), (slice(2 * top, 2 * bottom), slice(2 * left, 2 * right))


def _marked(shape: tuple[int, ...], places: npt.NDArray[np.intp], chosen: npt.NDArray[np.bool_]) -> Bytes:
    marked = np.zeros(shape, np.uint8)
    marked.ravel()[places[chosen]] = 255
    return marked


def _new_edges(
    picture: Bytes, background: Background, there: tuple[slice, slice], cells: Bytes
) -> tuple[Bytes, Bytes]:
    """Give for each cell which part of it, 0 to 255, is edges that the background lacks, and which part sharp ones."""
    size = cells.shape[::-1]
    gradient = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, _KERNEL)
    contrast = background.contrast[there]
    brighter = _brighter(picture, background.value[there], cells)
    if brighter is not None:
        contrast = cv2.add(cv2.multiply(contrast, brighter, scale=1 / _ONE), background.grain()[there])
    surplus = cv2.subtract(gradient, contrast)
    margin: Any = background.margin if isinstance(background.margin, float) else background.margin[there]
    new = cv2.compare(surplus, margin, cv2.CMP_GT)
    sharp = cv2.compare(cv2.subtract(surplus, margin), margin, cv2.CMP_GT)
    return (
        cv2.resize(new, size, interpolation=cv2.INTER_AREA),
        cv2.resize(sharp, size, interpolation=cv2.INTER_AREA),
    )


def _brighter(picture: Bytes, background: Bytes, cells: Bytes) -> Bytes | None:
    """Give how many times, in 32nds, each pixel's surroundings are brighter; None where none of the cells is."""
    size = cells.shape[::-1]
    now = cv2.blur(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (5, 5))
    then = cv2.blur(cv2.resize(background, size, interpolation=cv2.INTER_AREA), (5, 5))
    ratio = cv2.divide(cv2.add(now, _DARK_LEVEL), cv2.add(then, _DARK_LEVEL), scale=_ONE)
    if cv2.minMaxLoc(ratio, cells)[1] < _BRIGHTER * _ONE:
        return None
    limited = cv2.min(cv2.max(ratio, _ONE), BRIGHTEST * _ONE)
    whole: Bytes = cv2.resize(limited, picture.shape[::-1])
    return whole
