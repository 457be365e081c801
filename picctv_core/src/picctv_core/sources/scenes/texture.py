"""Patterns that keep drawn surfaces from looking flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Plane = npt.NDArray[np.float32]


def clouds(rng: np.random.Generator, height: int, width: int, cells: int, octaves: int = 3) -> Plane:
    """Give smooth random patches.

    Args:
        rng: chance.
        height: rows.
        width: columns.
        cells: patches across the width in the coarsest layer; each further layer has twice as many and half the weight.
        octaves: layers.

    Returns:
        (height, width) float32, about -1 to 1.
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        columns = max(2, cells << octave)
        rows = max(2, round(columns * height / width))
        grid = rng.uniform(-1, 1, (rows + 1, columns + 1)).astype(np.float32)
        total += _stretched(grid, height, width) * np.float32(0.5**octave)
    return total / np.float32(2 - 0.5 ** (octaves - 1))


def blurred(plane: Plane, times: int = 1) -> Plane:
    """Give a plane softened as by a lens: each pixel mixed with its neighbours, by 1 2 1, so many times."""
    for _ in range(times):
        padded = np.pad(plane, 1, mode="edge")
        across = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
        plane = (across[:-2] + 2 * across[1:-1] + across[2:]) / np.float32(16)
    return plane


def halved(plane: Plane) -> Plane:
    """Give a plane of half the size: the mean of each 2x2 block."""
    mean: Plane = (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) * np.float32(
        0.25
    )
    return mean


def _stretched(grid: Plane, height: int, width: int) -> Plane:
    ys = np.linspace(0, grid.shape[0] - 1.001, height, dtype=np.float32)
    xs = np.linspace(0, grid.shape[1] - 1.001, width, dtype=np.float32)
    top, left = ys.astype(int), xs.astype(int)
    down, right = _eased(ys - top)[:, None], _eased(xs - left)[None, :]
    upper = grid[top][:, left] * (1 - right) + grid[top][:, left + 1] * right
    lower = grid[top + 1][:, left] * (1 - right) + grid[top + 1][:, left + 1] * right
    stretched: Plane = upper * (1 - down) + lower * down
    return stretched


def _eased(part: Plane) -> Plane:
    eased: Plane = part * part * (3 - 2 * part)
    return eased
