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

    def __init__(self) -> None:
        self._edges: Bytes | None = None

    def learn(self, picture: Bytes, share: float) -> None:
        """Take a part of a picture, (rows, columns) uint8, into the view; `share` is 0 to 1."""
        edges = _edges(picture)
        if self._edges is None or self._edges.shape != edges.shape:
            self._edges = edges
        else:
            cv2.accumulateWeighted(edges, self._edges, share)

    def forget(self) -> None:
        """Begin anew with the next picture."""
        self._edges = None

    def differs(self, picture: Bytes) -> bool:
        """Say whether a picture shows another view; False where too few parts have edges to tell."""
        known, edges = self._edges, _edges(picture)
        if known is None or known.shape != edges.shape:
            return False
        mean_known, mean_edges = _parts(known), _parts(edges)
        together = _parts(known * edges) - mean_known * mean_edges
        spread_known = _parts(known * known) - mean_known * mean_known
        spread_edges = _parts(edges * edges) - mean_edges * mean_edges
        textured = spread_known > _TEXTURE * _TEXTURE
        alike = together > np.float32(ALIKE) * np.sqrt(np.maximum(spread_known * spread_edges, 1e-3))
        count = int(np.count_nonzero(textured))
        return count >= _FEWEST and int(np.count_nonzero(textured & ~alike)) >= OTHER * count


def _edges(picture: Bytes) -> Bytes:
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.morphologyEx(small, cv2.MORPH_GRADIENT, _KERNEL).astype(np.float32)


def _parts(values: Bytes) -> Bytes:
    """Give the means of the parts."""
    return cv2.resize(values, PARTS[::-1], interpolation=cv2.INTER_AREA)
