"""A small bitmap font for what cameras write into their pictures: the time and their name."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

ROWS = 7
COLUMNS = 5

# Five columns by seven rows a character; each number is a row, its highest bit on the left.
_GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14), "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12), "A": (14, 17, 17, 31, 17, 17, 17), "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14), "D": (28, 18, 17, 17, 17, 18, 28), "E": (31, 16, 16, 30, 16, 16, 31),
    "F": (31, 16, 16, 30, 16, 16, 16), "G": (14, 17, 16, 23, 17, 17, 15), "H": (17, 17, 17, 31, 17, 17, 17),
    "I": (14, 4, 4, 4, 4, 4, 14), "J": (7, 2, 2, 2, 2, 18, 12), "K": (17, 18, 20, 24, 20, 18, 17),
    "L": (16, 16, 16, 16, 16, 16, 31), "M": (17, 27, 21, 21, 17, 17, 17), "N": (17, 17, 25, 21, 19, 17, 17),
    "O": (14, 17, 17, 17, 17, 17, 14), "P": (30, 17, 17, 30, 16, 16, 16), "Q": (14, 17, 17, 17, 21, 18, 13),
    "R": (30, 17, 17, 30, 20, 18, 17), "S": (15, 16, 16, 14, 1, 1, 30), "T": (31, 4, 4, 4, 4, 4, 4),
    "U": (17, 17, 17, 17, 17, 17, 14), "V": (17, 17, 17, 17, 17, 10, 4), "W": (17, 17, 17, 21, 21, 21, 10),
    "X": (17, 17, 10, 4, 10, 17, 17), "Y": (17, 17, 17, 10, 4, 4, 4), "Z": (31, 1, 2, 4, 8, 16, 31),
    "-": (0, 0, 0, 31, 0, 0, 0), ":": (0, 12, 12, 0, 12, 12, 0), ".": (0, 0, 0, 0, 0, 12, 12),
    "/": (1, 1, 2, 4, 8, 16, 16), "_": (0, 0, 0, 0, 0, 0, 31), " ": (0, 0, 0, 0, 0, 0, 0), "?": (14, 17, 1, 2, 4, 0, 4),
}  # fmt: skip


@lru_cache(maxsize=32)
def text_masks(text: str, size: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Give a line of text, and the dark edge around it, as coverages of 0 to 1.

    Args:
        text: letters (shown as capitals), digits and ``-:./_``; anything else is shown as a question mark.
        size: pixels for each dot of the font.

    Returns:
        Two (rows, columns) float32 of one even size.
    """
    blank = np.zeros((ROWS, 1), np.float32)
    pieces = []
    for letter in text.upper():
        rows = _GLYPHS.get(letter, _GLYPHS["?"])
        bits = [[row >> (COLUMNS - 1 - column) & 1 for column in range(COLUMNS)] for row in rows]
        pieces += [np.array(bits, np.float32), blank]
    dots = np.hstack(pieces or [blank])
    big = dots.repeat(size, axis=0).repeat(size, axis=1)
    big = np.pad(big, 1 + size // 2)
    big = np.pad(big, ((0, big.shape[0] % 2), (0, big.shape[1] % 2)))
    edge = big.copy()
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            np.maximum(edge, np.roll(big, (down, right), (0, 1)), out=edge)
    edge -= big
    return big, edge
