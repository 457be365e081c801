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

if TYPE_CHECKING:
    import numpy.typing as npt

    from picctv_plugins_motion.background import Background
    from picctv_plugins_motion.blobs import Part

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
_ONE: Any = 32
_KERNEL = np.ones((3, 3), np.uint8)
_AROUND = (5, 5)


class Evidence:
    """Measures of the cells in one part of a picture; each is (rows, columns) of the part, in cells.

    Attributes:
        new: uint8, which part of a cell, 0 to 255, is edges that the background lacks.
        sharp: the same for edges of twice the margin.
        strongest: uint8, the strength of the strongest edges in it or beside it, in grey levels.
        edges: uint8, the mean strength of its edges.
        edges_then: the same in the background.
        now: uint8, its mean.
        then: that of the background.
        textured: bool, whether the background has a texture there that noise has not.
        hidden: bool, whether it is textured and the texture is not to be seen any more.
    """

    def __init__(self, picture: Bytes, background: Background, part: Part) -> None:
        size = (part.cells[1].stop - part.cells[1].start, part.cells[0].stop - part.cells[0].start)

        def pooled(values: Bytes) -> Bytes:
            return cv2.resize(values, size, interpolation=cv2.INTER_AREA)

        picture = picture[part.pixels]
        gradient = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, _KERNEL)
        small = background.small()
        self.night = small.mean < NIGHT
        self.now, self.then = pooled(picture), small.value[part.cells]
        self.strongest = pooled(cv2.dilate(gradient, _KERNEL))
        self.edges, self.edges_then = pooled(gradient), small.edges[part.cells]
        contrast = background.contrast[part.pixels]
        brighter = _brighter(self.now, self.then)
        if brighter is not None:
            contrast = cv2.multiply(contrast, cv2.resize(brighter, picture.shape[::-1]), scale=1 / _ONE)
        surplus = cv2.subtract(gradient, cv2.add(contrast, background.grain()[part.pixels]))
        margin = background.margin
        if not isinstance(margin, float):
            margin = margin[part.pixels]
        self.new = pooled(cv2.compare(surplus, margin, cv2.CMP_GT))
        self.sharp = pooled(cv2.compare(cv2.subtract(surplus, margin), margin, cv2.CMP_GT))
        texture = small.texture[part.cells].astype(np.float32)
        noise = small.noise[part.cells]
        # What is seen through light is as much stronger, or weaker, as the place is brighter.
        expected = texture * _ratio(self.now, self.then)
        strength, rest = np.abs(expected), np.abs(texture_of(self.now) - expected)
        self.textured = np.abs(texture) > noise
        self.hidden = self.textured & (rest > CHANGED * strength + NOISE * noise)


def texture_of(picture: Bytes) -> Bytes:
    """Give by how much each cell is brighter than its surroundings: int16, of a uint8 picture of cells."""
    return cv2.subtract(picture, cv2.blur(picture, _AROUND), dtype=cv2.CV_16S)


def _ratio(now: Bytes, then: Bytes) -> Bytes:
    """Give how many times each cell's surroundings are brighter."""
    now, then = (cv2.blur(values, _AROUND) for values in (now, then))
    ratio = cv2.divide(cv2.add(now, DARK_LEVEL), cv2.add(then, DARK_LEVEL), dtype=cv2.CV_32F)
    return cv2.max(ratio, DARKEST)


def _brighter(now: Bytes, then: Bytes) -> Bytes | None:
    """Give how many times, in 32nds, each cell's surroundings are brighter; None where none is."""
    now, then = cv2.blur(now, _AROUND), cv2.blur(then, _AROUND)
    ratio = cv2.divide(cv2.add(now, DARK_LEVEL), cv2.add(then, DARK_LEVEL), scale=_ONE)
    if cv2.minMaxLoc(ratio)[1] < _BRIGHTER * _ONE:
        return None
    return cv2.min(cv2.max(ratio, _ONE), BRIGHTEST * _ONE)
