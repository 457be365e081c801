"""HTTP byte ranges (RFC 9110, section 14), without which a browser can't seek in a video."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII | re.IGNORECASE)


class UnsatisfiableRangeError(Exception):
    """The range lies outside of the file: to be answered with 416."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file: its first byte, and how many there are."""

    start: int
    length: int


def parse(header: str, size: int) -> Part | None:
    """Read a ``Range`` header.

    Args:
        header: its value.
        size: bytes of the file.

    Returns:
        The part that is asked for; None where the header asks for nothing that is served in part: another unit,
        several ranges at once, or nonsense. The answer is then the whole file, as the standard allows.

    Raises:
        UnsatisfiableRangeError: there is no such part.
    """
    found = _ONE_RANGE.fullmatch(header.strip())
    # No file has more than 18 digits of bytes; Python refuses to read thousands of them.
    if found is None or max(map(len, found.groups())) > 18:
        return None
    first, last = found.groups()
    if first == "":
        return _suffix(last, size)
    start = int(first)
    end = int(last) if last else size - 1
    if last and end < start:
        return None
    if start >= size:
        raise UnsatisfiableRangeError
    return Part(start, min(end, size - 1) - start + 1)


def _suffix(last: str, size: int) -> Part | None:
    if last == "":
        return None
    length = min(int(last), size)
    if length == 0:
        raise UnsatisfiableRangeError
    return Part(size - length, length)
