"""Log lines that would come again and again: counted, and said again only now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class Repeats:
    """Counts what happens, and says when it is worth a line: the first time, the 10th, the 100th, ..."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}

    def count(self, key: Hashable) -> int:
        """Count a happening; give its number if it is worth a line, or 0."""
        number = self._counts.get(key, 0) + 1
        self._counts[key] = number
        return number if str(number).strip("0") == "1" else 0

    def forget(self) -> None:
        """Begin to count anew: all is well again."""
        self._counts.clear()
