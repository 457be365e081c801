"""Byte ranges, for every header there can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from picctv_web.ranges import Part, UnsatisfiableRangeError, parse


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_parse_gives_a_part_within_the_file(size: int, first: int, more: int) -> None:
    try:
        part = parse(f"bytes={first}-{first + more}", size)
    except UnsatisfiableRangeError:
        assert first >= size
        return
    assert part == Part(first, min(more + 1, size - first))


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_parse_suffix_gives_the_last_bytes(size: int, wanted: int) -> None:
    try:
        part = parse(f"bytes=-{wanted}", size)
    except UnsatisfiableRangeError:
        assert min(size, wanted) == 0
        return
    assert part == Part(size - min(size, wanted), min(size, wanted))


@given(st.text(), st.integers(0, 1000))
def test_parse_of_anything_never_leaves_the_file(header: str, size: int) -> None:
    try:
        part = parse(header, size)
    except UnsatisfiableRangeError:
        return
    assert part is None or (part.start >= 0 and part.length > 0 and part.start + part.length <= size)
