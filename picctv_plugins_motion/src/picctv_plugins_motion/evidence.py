"""What changed cells show: new edges, whether the background is still seen through them, whether they are in focus.

A thing brings edges that the background lacks, and hides the texture of what is behind it. Light multiplies what is
there, and an insect before the lens adds to it: both leave the texture in place, weaker or stronger. A lamp that shines
on something makes the edges stronger that are there: so those of the background are taken as much stronger as the place
has become brighter. And what is out of focus, or only light, has no edge as sharp as it is bright.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from picctv_plugins_motion.cells import pooled

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.background import Background
    from picctv_plugins_motion.cells import Part

    Bytes = npt.NDArray[Any]  # uint8; the stubs of OpenCV say less about what they give

FAINTEST: Any = 2.0
"""The least texture, in grey levels, that is looked for."""

ABOVE_NOISE = 2.0
"""How many times more than the mean deviation of its pixels the texture of a cell must be."""

CHANGED = 0.5
"""By which part of its strength a texture must be other than expected, to be hidden."""

NOISE = 0.4
"""By which part of the least texture, besides."""

BRIGHTEST = 4.0
"""By how much stronger light may make an edge, at most; the camera's own limit makes it no stronger."""

NIGHT = 80.0
"""Below which mean brightness of the whole picture it is night: then lamps and what they shine on outshine all else."""

DARKEST: Any = 0.4
"""What shadow leaves of the light, at least; a black coat leaves less."""

_BRIGHTER = 2.0
DARK_LEVEL: Any = 8.0  # what a camera adds to black; without it, noise in the dark would pass for light
_KERNEL = np.ones((3, 3), np.uint8)
_AROUND = (5, 5)


class Evidence:
    """Measures of the cells in one part of a picture; each is (rows, columns) of the part, in cells.

    Attributes:
        new: uint8, which part of a cell, 0 to 255, is edges that the background lacks.
        sharp: the same for edges of twice the margin.
        now: uint8, its mean.
        then: that of the background.
        textured: bool, whether the background has a texture there that noise has not.
        hidden: bool, whether it is textured and the texture is not to be seen any more.
    """

    def __init__(self, picture: Bytes, background: Background, part: Part) -> None:
        picture = picture[part.pixels]
        small = background.small()
        self.night = small.mean < NIGHT
        self.now, self.then = pooled(picture), small.value[part.cells]
        surroundings = around(self.now)
        # By how many times the surroundings of each cell are brighter.
        ratio = cv2.divide(
            cv2.add(surroundings, DARK_LEVEL), cv2.add(small.around[part.cells], DARK_LEVEL), dtype=cv2.CV_32F
        )
        self._gradient = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, _KERNEL)
        self._edges_then = small.edges[part.cells]
        contrast = background.contrast[part.pixels]
        if cv2.minMaxLoc(ratio)[1] >= _BRIGHTER:
            times = cv2.resize(cv2.min(cv2.max(ratio, 1.0), BRIGHTEST), picture.shape[::-1])  # type: ignore[call-overload]
            contrast = cv2.multiply(contrast, times, dtype=cv2.CV_8U)
        surplus = cv2.subtract(self._gradient, cv2.add(contrast, background.grain(part.pixels)))
        margin = background.margin
        if not isinstance(margin, float):
            margin = margin[part.pixels]
        self.new = pooled(cv2.compare(surplus, margin, cv2.CMP_GT))
        self.sharp = pooled(cv2.compare(cv2.subtract(surplus, margin), margin, cv2.CMP_GT))
        texture = small.texture[part.cells].astype(np.float32)
        noise = small.noise[part.cells]
        # What is seen through light is as much stronger, or weaker, as the place is brighter.
        expected = texture * cv2.max(ratio, DARKEST)
        texture_now = cv2.subtract(self.now, surroundings, dtype=cv2.CV_16S)
        self.textured = np.abs(texture) > noise
        self.hidden = self.textured & (
            np.abs(texture_now - expected) > CHANGED * np.abs(expected) + NOISE * noise
        )

    def edges(self) -> tuple[Bytes, Bytes]:
        """Give the mean strength of the edges of each cell, in grey levels: now, and in the background."""
        return pooled(self._gradient), self._edges_then

    def strongest(self) -> Bytes:
        """Give the strength of the strongest edges in each cell or beside it, in grey levels."""
        return pooled(cv2.dilate(self._gradient, _KERNEL))


def around(picture: Bytes) -> Bytes:
    """Give the mean of the surroundings of each cell of a picture of cells."""
    return cv2.blur(picture, _AROUND)
