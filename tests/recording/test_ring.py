"""The ring on any stream of units."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from picctv_core.frames import AccessUnit
from picctv_plugins_recording.ring import Ring

SECOND = 1_000_000_000

units = st.lists(
    st.tuples(st.integers(1, 3 * SECOND), st.booleans(), st.integers(1, 400)), min_size=1, max_size=80
)


def stream(steps: list[tuple[int, bool, int]]) -> list[AccessUnit]:
    made, now = [], 0
    for step, is_key, size in steps:
        now += step
        made.append(AccessUnit(now, is_key, b"x" * size))
    return made


@given(units, st.floats(0, 10), st.integers(0, 4000))
def test_ring_keeps_whole_groups_within_its_bounds(
    steps: list[tuple[int, bool, int]], seconds: float, max_bytes: int
) -> None:
    ring = Ring(seconds, max_bytes)
    for unit in (all_units := stream(steps)):
        ring.append(unit)
        kept = ring.since(0)
        assert ring.bytes == sum(len(each.annexb) for each in kept) <= max_bytes
        assert not kept or kept[0].is_key
    count = len(kept)
    assert kept == all_units[len(all_units) - count :]
    # It reaches back far enough, unless the bytes forbid it, and never a whole group too far.
    keys = [each.captured_at_ns for each in kept if each.is_key]
    limit = all_units[-1].captured_at_ns - round(seconds * SECOND)
    assert not [key for key in keys[1:] if key <= limit]


def test_ring_reaches_back_to_the_key_unit_before_its_seconds() -> None:
    ring = Ring(5.0, 10**6)
    for tenth in range(200):
        ring.append(AccessUnit(tenth * SECOND // 10, tenth % 20 == 0, b"x" * 10))
    # 19.9 s less 5 s is 14.9 s: the key unit before that was at 14 s.
    assert ring.since(0)[0].captured_at_ns == 14 * SECOND
    assert ring.since(17 * SECOND)[0].captured_at_ns == 16 * SECOND
    assert ring.since(18 * SECOND)[0].captured_at_ns == 18 * SECOND
    assert ring.since(18 * SECOND)[-1].captured_at_ns == 199 * SECOND // 10


def test_ring_drops_a_group_that_alone_is_too_large() -> None:
    ring = Ring(5.0, 100)
    ring.append(AccessUnit(0, True, b"x" * 90))
    ring.append(AccessUnit(1, False, b"x" * 20))
    assert ring.since(0) == []
    ring.append(AccessUnit(2, False, b"x" * 20))
    assert ring.since(0) == []
    ring.append(AccessUnit(3, True, b"x" * 20))
    assert len(ring.since(0)) == 1
