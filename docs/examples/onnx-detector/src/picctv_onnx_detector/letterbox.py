"""From a frame to what a model is given, and from its boxes back: a picture keeps its shape, with grey around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

GREY = 114
"""What YOLO models saw around pictures when they were taught (ultralytics/yolov5, ``letterbox``)."""


@dataclass(frozen=True)
class Letterbox:
    """How a picture lies in a larger or smaller one.

    Attributes:
        width: columns of the model's picture.
        height: its rows.
        inner_width: columns that the frame takes of it.
        inner_height: rows that the frame takes of it.
        left: columns left of the frame.
        top: rows above the frame.
    """

    width: int
    height: int
    inner_width: int
    inner_height: int
    left: int
    top: int

    @classmethod
    def of(cls, columns: int, rows: int, width: int, height: int) -> Letterbox:
        """Fit a frame into a model's picture, in the middle."""
        scale = min(width / columns, height / rows)
        inner_width = min(width, max(1, round(columns * scale)))
        inner_height = min(height, max(1, round(rows * scale)))
        return cls(
            width,
            height,
            inner_width,
            inner_height,
            (width - inner_width) // 2,
            (height - inner_height) // 2,
        )

    def picture(self, luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Give a frame as the model's picture.

        Args:
            luma: (rows, columns) uint8; left as it is.

        Returns:
            (height, width) uint8.
        """
        picture = np.full((self.height, self.width), GREY, np.uint8)
        shrinks = self.inner_width < luma.shape[1]
        inner = cv2.resize(
            luma,
            (self.inner_width, self.inner_height),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )
        picture[self.top : self.top + self.inner_height, self.left : self.left + self.inner_width] = inner
        return picture

    def fractions(self, corners: Floats) -> Floats:
        """Give boxes of the model's picture as boxes of the frame.

        Args:
            corners: (n, 4), [left, top, right, bottom] in the model's pixels.

        Returns:
            (n, 4), [x, y, w, h] in fractions of the frame, cut off at its borders.
        """
        offset = np.array([self.left, self.top] * 2, np.float32)
        size = np.array([self.inner_width, self.inner_height] * 2, np.float32)
        inside = np.clip((corners - offset) / size, 0.0, 1.0)
        return np.concatenate([inside[:, :2], inside[:, 2:] - inside[:, :2]], axis=1)
