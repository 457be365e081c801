"""Whether the camera still shows the same view.

Light changes values and leaves the edges where they are; a thing that passes hides some of them. A camera that was
turned, or covered, has hardly any edge where it had been. So the edges of 6x8 parts of the picture are compared with
those of the view that the camera has had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

PARTS = (6, 8)
"""Rows and columns of the parts."""

ALIKE = 0.35
"""The least correlation of the edges of a part that shows what it showed before."""

OTHER = 0.6
"""The part of the parts with edges that must be other, for the view to be another."""

_TEXTURE = 2.0
"""The least mean edge strength, in grey levels, of a part that can be compared."""

_FEWEST = 8
_KERNEL = np.ones((3, 3), np.uint8)


class View:
    """The view of one camera, as edges of its quarter picture."""

    def __init__(self, shape: tuple[int, int]) -> None:
        """Begin; `shape` is the rows and columns of the pictures."""
        half, quarter = _halved(shape), _halved(_halved(shape))
        self._half = np.empty(half, np.uint8)
        self._small, self._gradient = (np.empty(quarter, np.uint8) for _ in range(2))
        self._seen, self._known = (np.empty(quarter, np.float32) for _ in range(2))
        self._begun = False

    def learn(self, picture: Bytes, share: float) -> None:
        """Take a part of a picture, (rows, columns) uint8, into the view; `share` is 0 to 1."""
        edges = self._edges(picture)
        if self._begun:
            cv2.accumulateWeighted(edges, self._known, share)
        else:
            np.copyto(self._known, edges)
            self._begun = True

    def forget(self) -> None:
        """Begin anew with the next picture."""
        self._begun = False

    def differs(self, picture: Bytes) -> bool:
        """Say whether a picture shows another view; False where too few parts have edges to tell."""
        if not self._begun:
            return False
        known, edges = self._known, self._edges(picture)
        mean_known, mean_edges = _parts(known), _parts(edges)
        together = _parts(known * edges) - mean_known * mean_edges
        spread_known = _parts(known * known) - mean_known * mean_known
        spread_edges = _parts(edges * edges) - mean_edges * mean_edges
        textured = spread_known > _TEXTURE * _TEXTURE
        alike = together > np.float32(ALIKE) * np.sqrt(np.maximum(spread_known * spread_edges, 1e-3))
        count = int(np.count_nonzero(textured))
        return count >= _FEWEST and int(np.count_nonzero(textured & ~alike)) >= OTHER * count

    def _edges(self, picture: Bytes) -> Bytes:
        """Give the edges of a picture, in memory that the next call uses again."""
        for given, smaller in ((picture, self._half), (self._half, self._small)):
            cv2.resize(given, smaller.shape[::-1], smaller, interpolation=cv2.INTER_AREA)
        cv2.morphologyEx(self._small, cv2.MORPH_GRADIENT, _KERNEL, self._gradient)
        np.copyto(self._seen, self._gradient)
        return self._seen


def _halved(shape: tuple[int, int]) -> tuple[int, int]:
    """Give half as many rows and columns, rounded as OpenCV does it."""
    rows, columns = np.rint(np.array(shape) / 2).astype(int).tolist()
    return rows, columns


def _parts(values: Bytes) -> Bytes:
    """Give the means of the parts."""
    return cv2.resize(values, PARTS[::-1], interpolation=cv2.INTER_AREA)
