"""The cells of the heat map: 32x24 over the whole picture, counted row by row from the left top."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from picctv_plugins_motion.reports import Box

COLUMNS, ROWS = 32, 24
"""At 4:3 they are square; a person at 6 % of the picture's height is about as high as one."""


def cells_of_mask(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Give the cells in which a mask has anything, rising.

    Args:
        mask: (rows, columns) bool, of any size.
    """
    # Of a mask that is coarser than the grid, one cell is several of ours.
    fine = mask.repeat(-(-ROWS // mask.shape[0]), axis=0).repeat(-(-COLUMNS // mask.shape[1]), axis=1)
    rows, columns = np.nonzero(fine)
    found = rows * ROWS // fine.shape[0] * COLUMNS + columns * COLUMNS // fine.shape[1]
    return np.unique(found)


def cells_of_boxes(boxes: Iterable[Box]) -> npt.NDArray[np.intp]:
    """Give the cells that boxes cover or touch, rising: what moved, where no mask tells it more exactly."""
    covered = np.zeros((ROWS, COLUMNS), bool)
    for left, top, width, height in boxes:
        rows = slice(*_span(top, height, ROWS))
        covered[rows, slice(*_span(left, width, COLUMNS))] = True
    return np.flatnonzero(covered)


def _span(start: float, length: float, cells: int) -> tuple[int, int]:
    first, last = (min(max(at, 0.0), 1.0) * cells for at in (start, start + length))
    return math.floor(first), math.ceil(last)
