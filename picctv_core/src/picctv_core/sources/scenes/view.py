"""The camera of a drawn scene: where a point of the world lies in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class View:
    """A camera that looks along a flat ground from a height.

    The world is in metres: x to the right, `up` from the ground, z away from the camera.

    Attributes:
        width: of the picture, pixels.
        height: of the picture, pixels.
        lift: the camera's height above the ground, metres.
        focal: focal length, as a part of the picture's height.
        horizon: where the horizon lies, as a part of the picture's height from its top.
    """

    width: int
    height: int
    lift: float
    focal: float
    horizon: float

    def point(self, x: float, up: float, z: float) -> tuple[float, float]:
        """Give the pixel of a point of the world; z must be positive."""
        scale = self.scale(z)
        return (self.width / 2 + x * scale, self.horizon * self.height + (self.lift - up) * scale)

    def scale(self, z: float) -> float:
        """Give pixels a metre at a distance."""
        return self.focal * self.height / z

    def half_width(self, z: float) -> float:
        """Give how many metres of the world lie on each side of the middle at a distance."""
        return self.width / 2 / self.scale(z)

    def ground(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Give the world's x and z of each pixel's ground; beyond 500 m where there is none."""
        rows = np.arange(0.5, self.height, dtype=np.float32)[:, None] - np.float32(self.horizon * self.height)
        z = np.float32(self.lift * self.focal * self.height) / np.maximum(rows, np.float32(0.5))
        columns = np.arange(0.5, self.width, dtype=np.float32)[None, :] - np.float32(self.width / 2)
        x = columns * z / np.float32(self.focal * self.height)
        return x, np.broadcast_to(z, x.shape)
