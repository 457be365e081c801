"""Pictures in the camera's own memory, lent to analyzers without a copy."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

MOST_LENT = 3
"""How many pictures may be out at a time. The camera fills its buffers in turn: one that has too few of them left drops
pictures, the video's too."""


class Lender:
    """Lends pictures, and gives each back when nothing looks at it any more.

    An analyzer may keep a frame for as long as it likes. When too many are kept, further ones are copied.

    Attributes:
        lent: how many are out.
    """

    def __init__(self) -> None:
        self.lent = 0
        self._lock = threading.Lock()

    def lend(self, picture: npt.NDArray[np.uint8], give_back: Callable[[], None]) -> npt.NDArray[np.uint8]:
        """Give a read-only view of a picture, or a copy where enough are lent.

        Args:
            picture: (rows, columns) uint8, in memory that is valid until `give_back` is called.
            give_back: called once, on whatever thread lets go last; at once, where it was copied.
        """
        with self._lock:
            copied = self.lent >= MOST_LENT
            self.lent += not copied
        if copied:
            view = picture.copy()
            give_back()
        else:
            view = np.asarray(_Loan(self, picture, give_back))
        view.flags.writeable = False
        return view

    def _returned(self) -> None:
        with self._lock:
            self.lent -= 1


class _Loan:
    """What the lent array, and every view of it, holds on to: with the last of them it ends, and the picture goes back."""

    def __init__(self, lender: Lender, picture: npt.NDArray[np.uint8], give_back: Callable[[], None]) -> None:
        self._lender, self._give_back = lender, give_back
        self._picture: Any = picture
        self.__array_interface__ = picture.__array_interface__

    def __del__(self) -> None:
        # The camera's memory can't be unmapped while an array still shows it.
        self._picture = None
        self._lender._returned()  # noqa: SLF001 - the two are one
        self._give_back()
