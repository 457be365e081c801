"""From changed cells to things: connected blobs, and whether each is a thing that moves.

A thing brings edges that the background lacks. Light, a shadow, a reflection, and the hole that a thing leaves behind
when the background had learnt it (a ghost) change values, and bring no edge, or only a soft one.

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
    active: Bytes,
    known: Bytes,
    smallest: float,
    margin: float,
) -> Blobs:
    """Find the things among the changed cells.

    Args:
        picture: (rows, columns) uint8.
        background: what it is compared with.
        cells: (rows/2, columns/2) uint8, 255 where the picture is other than the background.
        active: the same, 255 where it is other than a moment before.
        known: the same, 255 where things were just before.
        smallest: the number of cells that a thing has at least.
        margin: by how many grey levels an edge must surpass those of the background to be new.
    """
    joined = cv2.morphologyEx(cells, cv2.MORPH_CLOSE, _KERNEL)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    gradient = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, _KERNEL)
    surplus = cv2.subtract(gradient, background.contrast)
    _, new = cv2.threshold(surplus, margin, 255, cv2.THRESH_BINARY)
    edges = cv2.resize(new, cells.shape[::-1], interpolation=cv2.INTER_AREA)
    inside = labels.ravel()
    amount = np.bincount(inside, edges.ravel(), count) / 255.0
    changed = np.bincount(inside, cells.ravel() > 0, count)
    # A thing that moves by a pixel changes along its outline at least, however even it is within.
    moving = np.bincount(inside, active.ravel() > 0, count) >= np.maximum(2.0, ACTIVE * np.sqrt(changed))
    was_there = np.bincount(inside, known.ravel() > 0, count) >= KNOWN * changed
    passed = (changed >= smallest) & (amount >= NEW_EDGES * changed) & (moving | was_there)
    # What is small and moves may yet become larger; what is small and stands still is left over from something.
    rejected = ~passed & ((changed >= smallest) | ~moving)
    passed[0] = rejected[0] = False
    order = sorted(np.flatnonzero(passed), key=lambda label: -changed[label])
    return Blobs(
        boxes=[(int(x), int(y), int(w), int(h)) for x, y, w, h in stats[order, :4]],
        areas=[int(changed[label]) for label in order],
        things=(passed[labels] * 255).astype(np.uint8),
        rejected=(rejected[labels] * 255).astype(np.uint8),
    )
