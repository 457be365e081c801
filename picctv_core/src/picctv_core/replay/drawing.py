"""Drawing boxes and text into a picture in YUV 4:2:0, with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from av.video.frame import VideoFrame

from picctv_core.sources.luma import plane_of
from picctv_core.sources.scenes.font import COLUMNS, text_masks

if TYPE_CHECKING:
    import numpy.typing as npt

    Plane = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour in limited range, BT.601: in other colours and ranges it looks a little different, and still itself."""

    y: int
    u: int
    v: int


WHITE = Colour(235, 128, 128)
ORANGE = Colour(158, 44, 192)
BLUE = Colour(150, 184, 82)
RED = Colour(110, 96, 220)

_ROWS_A_DOT = 240
"""A picture has one pixel for each dot of the font per so many rows."""

_GROUND = 0.35
"""How much of the brightness is left behind text."""


class Canvas:
    """A picture of its own memory, to be drawn into.

    Args:
        picture: in yuv420p or yuvj420p, of even width and height; it is copied.
    """

    def __init__(self, picture: VideoFrame) -> None:
        self.frame = VideoFrame(picture.width, picture.height, picture.format.name)
        for number in range(3):
            columns = picture.width if number == 0 else picture.width // 2
            plane_of(self.frame, number)[:, :columns] = plane_of(picture, number)[:, :columns]
        self._y = plane_of(self.frame, 0)[:, : picture.width]
        self._u, self._v = (plane_of(self.frame, number)[:, : picture.width // 2] for number in (1, 2))
        self.dot = max(1, round(picture.height / _ROWS_A_DOT))

    @property
    def line_height(self) -> int:
        """Give the distance from one line of text to the next, in rows."""
        rows: int = text_masks("0", self.dot)[0].shape[0]
        return rows

    def box(self, box: tuple[float, float, float, float], colour: Colour) -> None:
        """Draw the outline of a box.

        Args:
            box: x, y, width and height in fractions of the picture; what lies outside is cut.
            colour: of the outline.
        """
        rows, columns = self._y.shape
        thick = 2 * ((self.dot + 1) // 2)
        x, y, width, height = box
        left, right = _edges(x, x + width, columns, thick)
        top, bottom = _edges(y, y + height, rows, thick)
        for area in (
            (top, top + thick, left, right),
            (bottom - thick, bottom, left, right),
            (top, bottom, left, left + thick),
            (top, bottom, right - thick, right),
        ):
            self._fill(*area, colour)

    def text(self, text: str, row: int, colour: Colour) -> None:
        """Write a line at the left edge on a darkened ground, as much of it as there is room for.

        Args:
            text: see `picctv_core.sources.scenes.font`.
            row: its upper edge; lines that are not wholly within the picture are left out.
            colour: of the letters.
        """
        rows, columns = self._y.shape
        row &= ~1
        letters = (columns - 4 * self.dot) // ((COLUMNS + 1) * self.dot)
        letter, _ = text_masks(text[: max(letters, 0)], self.dot)
        bottom, right = row + letter.shape[0], min(letter.shape[1], columns)
        if bottom > rows:
            return
        letter = letter[:, :right]
        y = self._y[row:bottom, :right]
        y[:] = np.where(letter > 0, colour.y, y * _GROUND).astype(np.uint8)
        shown = np.maximum(letter[::2, ::2], letter[1::2, 1::2]) > 0
        self._u[row // 2 : bottom // 2, : right // 2][shown] = colour.u
        self._v[row // 2 : bottom // 2, : right // 2][shown] = colour.v

    def _fill(self, top: int, bottom: int, left: int, right: int, colour: Colour) -> None:
        self._y[top:bottom, left:right] = colour.y
        self._u[top // 2 : bottom // 2, left // 2 : right // 2] = colour.u
        self._v[top // 2 : bottom // 2, left // 2 : right // 2] = colour.v


def _edges(begin: float, end: float, size: int, thick: int) -> tuple[int, int]:
    """Give two even edges within the picture, at least as far apart as both lines need."""
    least = min(2 * thick, size)
    low = min(max(0, 2 * round(begin * size / 2)), size - least)
    return low, max(low + least, min(size, 2 * round(end * size / 2)))


def boxes_of(data: Any) -> list[tuple[float, float, float, float]]:
    """Find the boxes in a result: under ``"boxes"``, each ``[x, y, width, height]`` in fractions of the picture.

    What is of another form is left out: a plugin may mean something else by the name.
    """
    found = data.get("boxes") if isinstance(data, dict) else None
    boxes = []
    for box in found if isinstance(found, (list, np.ndarray)) else ():
        try:
            x, y, width, height = (float(number) for number in box)
        except (TypeError, ValueError):
            continue
        if (
            np.isfinite([x, y, width, height]).all()
            and -1 <= x <= 2
            and -1 <= y <= 2
            and 0 <= width <= 2 >= height >= 0
        ):
            boxes.append((x, y, width, height))
    return boxes


def lines_of(data: Any) -> list[str]:
    """Give a result's numbers and booleans as lines of text, the score first; ``triggered`` is shown otherwise."""
    if not isinstance(data, dict):
        data = {"result": data}
    names = sorted(data, key=lambda name: name != "score")
    return [
        f"{name}: {_shown(data[name])}"
        for name in names
        if name != "triggered" and isinstance(data[name], (bool, int, float))
    ]


def _shown(value: float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
