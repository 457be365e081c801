"""On which line of a TOML text a key stands.

tomllib gives values without positions. A fault without its line sends a person searching, so the text is gone through
once more: table headers and keys at the start of a line. A key inside an inline table or an array has the line of the
key that holds it, which is where a person looks first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[{{1,2}}\s*({_DOTTED})\s*\]{{1,2}}\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=(.*)$")
_MULTILINE = ('"""', "'''")


class TomlLines:
    """The lines of the keys of one TOML text."""

    def __init__(self, text: str) -> None:
        """Go through the text, which tomllib has accepted."""
        self._lines: dict[tuple[str, ...], int] = {}
        self._implied: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        until: str | None = None
        for number, line in enumerate(text.splitlines(), start=1):
            if until is not None:
                until = None if until in line else until
            elif header := _HEADER.match(line):
                table = _parts(header[1])
                self._lines.setdefault(table, number)
                for length in range(1, len(table)):
                    self._implied.setdefault(table[:length], number)
            elif pair := _KEY.match(line):
                key = _parts(pair[1])
                for length in range(1, len(key) + 1):
                    self._lines.setdefault(table + key[:length], number)
                until = next((quote for quote in _MULTILINE if pair[2].count(quote) == 1), None)

    def find(self, key: Sequence[str | int]) -> int | None:
        """Give the line of a key, or of the nearest key that holds it; None where there is none."""
        path = tuple(str(part) for part in key)
        for length in range(len(path), 0, -1):
            line = self._lines.get(path[:length], self._implied.get(path[:length]))
            if line is not None:
                return line
        return None


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
