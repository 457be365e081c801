"""A view: where a camera's picture has edges, and how sharp they are.

Pictures are compared by their gradients, block by block. So neither the light nor a thing that fills a part of the
picture counts: light scales a block's gradients, which the correlation ignores, and a thing hides some blocks only.

The coarse gradients, of 4x4 means, say what is seen; a trembling camera or noise hardly changes them. The Laplacian of
the picture itself says how sharp it is, and goes first when the lens is out of focus. Sharpness is the one divided by
the other, so that it does not depend on the light either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

WIDEST = 480
"""Wider pictures are looked at in fewer pixels."""

COARSE = 4
"""Side of the squares that are one pixel of the coarse picture; smaller for pictures below 64x48."""

BLOCKS = (6, 8)
"""Rows and columns of blocks."""

TEXTURED = 1.0
"""Mean square of the coarse gradients in a block that has something to compare, in grey levels squared."""

FAINTEST = 1e-2
"""What is added to products of such mean squares, so that the last trace of a view in the dark is no view."""


@dataclass(frozen=True)
class View:
    """What is kept of a picture.

    Attributes:
        coarse: (rows / 4, columns / 4) float32, means of 4x4 pixels.
        edges: `BLOCKS` float32, mean square of the coarse gradients in each block. Of a mean of pictures it is the mean
            of theirs, which a camera that trembles leaves as it is; the edges of the mean picture are weaker.
        fine: `BLOCKS` float32, the same of the Laplacian of the picture itself, without that of the noise.
    """

    coarse: Floats
    edges: Floats
    fine: Floats

    @classmethod
    def of(cls, luma: npt.NDArray[np.uint8]) -> View:
        """Measure a picture, (rows, columns) uint8; it is left unchanged and not kept."""
        step = -(-luma.shape[1] // WIDEST)
        picture = means(luma, step) if step > 1 else luma.astype(np.float32)
        laplacian = 4 * picture[1:-1, 1:-1]
        laplacian -= picture[:-2, 1:-1]
        laplacian -= picture[2:, 1:-1]
        laplacian -= picture[1:-1, :-2]
        laplacian -= picture[1:-1, 2:]
        fine = blocks(laplacian * laplacian)
        # Nearly every picture has a place without detail: what is there is noise, and it is everywhere.
        noise = np.percentile(fine, 10)
        coarse = means(picture, max(1, min(COARSE, picture.shape[0] // 12, picture.shape[1] // 16)))
        across, down = gradients(coarse)
        edges = blocks(across * across + down * down)
        return cls(coarse, edges, np.maximum(fine - noise, 0).astype(np.float32))

    @classmethod
    def mean(cls, views: Collection[View]) -> View:
        """Give the mean of some views of one size."""
        return cls(
            np.mean([view.coarse for view in views], axis=0),
            np.mean([view.edges for view in views], axis=0),
            np.mean([view.fine for view in views], axis=0),
        )

    def mixed(self, other: View, share: float) -> View:
        """Give this view with a share of another one in it."""
        part = np.float32(share)
        return View(
            self.coarse + (other.coarse - self.coarse) * part,
            self.edges + (other.edges - self.edges) * part,
            self.fine + (other.fine - self.fine) * part,
        )


@dataclass(frozen=True)
class Comparison:
    """How a picture is compared with a camera's own view; medians and parts are over the blocks that have edges.

    Attributes:
        blocks: how many blocks of the own view have edges; the rest is worth nothing where there are few.
        lost: part of them in which the own edges are not seen, 0 to 1.
        empty: part of them in which there are hardly any edges instead, 0 to 1.
        contrast: how strong the edges of the picture are, as a multiple of the own ones.
        sharpness: how sharp they are, as a multiple of the own sharpness; 1 where there are too few to say.
    """

    blocks: int
    lost: float
    empty: float
    contrast: float
    sharpness: float


def compare(own: View, now: View) -> Comparison:
    """Compare a picture with the camera's own view of the same size."""
    own_x, own_y = gradients(own.coarse)
    now_x, now_y = gradients(now.coarse)
    own_energy = blocks(own_x * own_x + own_y * own_y)
    now_energy = blocks(now_x * now_x + now_y * now_y)
    both = blocks(own_x * now_x + own_y * now_y)
    textured = own_energy > TEXTURED
    count = int(np.count_nonzero(textured))
    if count == 0:
        return Comparison(0, 0.0, 0.0, 1.0, 1.0)
    match = both[textured] / np.sqrt(own_energy[textured] * now_energy[textured] + FAINTEST)
    lost = match < 0.35
    empty = lost & (now.edges[textured] < 0.2 * own.edges[textured])
    # Where the same edges are seen, how sharp are they? Elsewhere it would be the sharpness of something else.
    seen = textured & (now.edges > TEXTURED / 4) & (both > 0.5 * np.sqrt(own_energy * now_energy))
    sharpness = 1.0
    if np.count_nonzero(seen) >= max(4, count // 8):
        own_sharp = own.fine[seen] / own.edges[seen]
        now_sharp = now.fine[seen] / now.edges[seen]
        sharpness = float(np.sqrt(np.median(now_sharp / np.maximum(own_sharp, 1e-3))))
    contrast = float(np.sqrt(np.median(now.edges[textured] / own.edges[textured])))
    return Comparison(count, float(lost.mean()), float(empty.mean()), contrast, sharpness)


def means(picture: npt.NDArray[np.uint8] | Floats, side: int) -> Floats:
    """Give the means of squares of `side` pixels; what does not fill a square at the right and below is left out."""
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    squares = picture[: rows * side, : columns * side].reshape(rows, side, columns, side)
    found: Floats = squares.mean(axis=(1, 3), dtype=np.float32)
    return found


def gradients(picture: Floats) -> tuple[Floats, Floats]:
    """Give the central differences along columns and rows; the outermost pixels have none."""
    half = np.float32(0.5)
    across = (picture[1:-1, 2:] - picture[1:-1, :-2]) * half
    down = (picture[2:, 1:-1] - picture[:-2, 1:-1]) * half
    return across, down


def blocks(values: Floats) -> Floats:
    """Give the mean of the values in each of the blocks."""
    rows, columns = (
        np.linspace(0, size, count, endpoint=False).astype(int)
        for size, count in zip(values.shape, BLOCKS, strict=True)
    )
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
    counts = np.diff(np.append(rows, values.shape[0]))[:, None] * np.diff(np.append(columns, values.shape[1]))
    found: Floats = (sums / counts).astype(np.float32)
    return found
