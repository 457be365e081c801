"""Non-maximum suppression: of several boxes around one thing, one is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Indices = npt.NDArray[np.intp]

MOST = 1000
"""Only so many of the surest boxes are compared with each other, so that a model gone wild can't take minutes."""


def suppress(corners: Floats, scores: Floats, classes: Indices, iou: float) -> Indices:
    """Keep the surest box of those of one class that overlap.

    Args:
        corners: (n, 4), [left, top, right, bottom].
        scores: (n,); of equal ones the first comes first.
        classes: (n,); boxes of different classes do not touch each other.
        iou: a box goes when it and a surer one that is kept overlap by more than this, as intersection over union.

    Returns:
        The indices of the boxes that are kept, the surest first.
    """
    order = np.argsort(-scores, kind="stable")[:MOST]
    kept = []
    while order.size:
        first, rest = order[0], order[1:]
        kept.append(first)
        overlaps = (classes[rest] == classes[first]) & (overlap(corners[first], corners[rest]) > iou)
        order = rest[~overlaps]
    return np.array(kept, np.intp)


def overlap(box: Floats, others: Floats) -> Floats:
    """Give the intersection over union of a box (4,) with others (n, 4); of two without area it is 0."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.prod(np.clip(sides, 0.0, None), axis=1)
    areas = np.prod(np.clip(others[:, 2:] - others[:, :2], 0.0, None), axis=1)
    own = np.prod(np.clip(box[2:] - box[:2], 0.0, None))
    union = own + areas - common
    found: Floats = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return found
