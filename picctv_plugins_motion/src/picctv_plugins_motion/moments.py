"""The last few pictures, in memory that is used again and again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

SECOND = 1_000_000_000
"""In nanoseconds, as all times are."""


@dataclass
class Moment:
    """A picture and what is changed in it.

    Attributes:
        at_ns: when it was captured.
        picture: (rows, columns) uint8, made small.
        cells: (rows/2, columns/2) uint8, 255 where it is other than the background.
    """

    at_ns: int
    picture: Bytes
    cells: Bytes


class Moments:
    """The pictures from a time before the newest one on, at least two where there are two."""

    def __init__(self, shape: tuple[int, int], span_ns: int) -> None:
        self._shape = shape
        self._span_ns = span_ns
        self._kept: deque[Moment] = deque()
        self._spare: list[Moment] = []

    def new(self, at_ns: int) -> Moment:
        """Give memory for a picture; hand it back by `keep` or `drop`."""
        if self._spare:
            moment = self._spare.pop()
            moment.at_ns = at_ns
            return moment
        rows, columns = self._shape
        picture, cells = np.empty((rows, columns), np.uint8), np.empty((rows // 2, columns // 2), np.uint8)
        return Moment(at_ns, picture, cells)

    def keep(self, moment: Moment) -> Moment:
        """Keep the newest; give the one to compare it with, itself where it is the only one."""
        self._kept.append(moment)
        while len(self._kept) > 2 and self._kept[1].at_ns <= moment.at_ns - self._span_ns:
            self._spare.append(self._kept.popleft())
        return self._kept[0]

    def drop(self, moment: Moment) -> None:
        """Hand back what need not be kept."""
        self._spare.append(moment)

    def clear(self) -> None:
        """Forget all that are kept."""
        self._spare.extend(self._kept)
        self._kept.clear()
