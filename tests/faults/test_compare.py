"""The comparison finds what it is there to find: each test takes something away from a store that is whole, or adds to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.compare import S, compare
from tests.faults.record import Item
from tests.faults.stored import GapItem, Stored

if TYPE_CHECKING:
    from tests.faults.record import Kind

START = 1_767_225_600 * S
DOOR = "garage/door"
PICTURES = 100


def items(kind: Kind = "unit", camera: str = DOOR, count: int = PICTURES) -> list[Item]:
    """Give so many things, five a second."""
    return [Item(kind, camera, START + number * S // 5, f"{kind} {number}", 1000) for number in range(count)]


def gap(first: int, last: int, plugin: str = "recording", camera: str = DOOR) -> GapItem:
    """Give a gap from one picture to another one."""
    return GapItem(camera, plugin, START + first * S // 5, START + last * S // 5, "a test")


def faults(given: list[Item], found: list[Item], *gaps: GapItem, out_of_order: int = 0) -> dict[str, int]:
    """Give the counts that are not 0."""
    verdict = compare(given, Stored(found, list(gaps), out_of_order))
    return {name: count for name, count in verdict.faults.items() if count}


def test_a_whole_store_has_no_fault() -> None:
    whole = items() + items("result") + items("notification")
    assert faults(whole, whole) == {}


@given(lost=st.sets(st.integers(0, PICTURES - 1), min_size=1))
def test_each_lost_unit_is_missing_unless_a_gap_has_it(lost: set[int]) -> None:
    whole = items()
    kept = [item for number, item in enumerate(whole) if number not in lost]
    assert faults(whole, kept) == {"missing": len(lost)}
    assert faults(whole, kept, *(gap(number, number) for number in lost)) == {}


def test_a_gap_of_another_camera_or_plugin_excuses_nothing() -> None:
    whole = items("result") + items()
    lost = replace(whole[50])
    kept = [item for item in whole if item != lost]
    assert faults(whole, kept, gap(50, 50, "witness")) == {}
    assert faults(whole, kept, gap(50, 50, "")) == {}
    assert faults(whole, kept, gap(50, 50, "", "")) == {}
    assert faults(whole, kept, gap(50, 50, "recording")) == {"missing": 1, "gaps_without_cause": 1}
    assert faults(whole, kept, gap(50, 50, "witness", "garage/yard"))["missing"] == 1
    assert faults(whole, kept, gap(49, 49, "witness")) == {"missing": 1, "gaps_without_cause": 1}


def test_what_is_stored_twice_late_or_otherwise_is_found() -> None:
    whole = items()
    assert faults(whole, [*whole, whole[7]]) == {"duplicated": 1}
    late = replace(whole[7], at_ns=whole[7].at_ns + 1001)
    assert faults(whole, [*whole[:7], late, *whole[8:]]) == {"wrong_time": 1}
    rounded = replace(whole[7], at_ns=whole[7].at_ns + 999)
    assert faults(whole, [*whole[:7], rounded, *whole[8:]]) == {}
    altered = replace(whole[7], digest="another")
    assert faults(whole, [*whole[:7], altered, *whole[8:]]) == {"missing": 1, "altered": 1}
    assert faults(whole, whole, out_of_order=3) == {"out_of_order": 3}


def test_a_silent_camera_must_be_a_gap() -> None:
    whole = items()
    silent = whole[:40] + whole[60:]
    assert faults(silent, silent) == {"causes_without_gap": 1}
    assert faults(silent, silent, gap(39, 60, "")) == {}
    assert faults(silent, silent, gap(39, 48), gap(50, 60)) == {}
    assert faults(silent, silent, gap(39, 45)) == {"causes_without_gap": 1}
    assert faults(silent, silent, gap(39, 60, "witness")) == {"causes_without_gap": 1}


def test_a_gap_needs_a_cause_and_no_more_room_than_that() -> None:
    whole = items()
    assert faults(whole, whole, gap(20, 30)) == {"gaps_without_cause": 1}
    kept = whole[:40] + whole[60:]
    # a group of pictures and a second more may be said to be lost, and not ten
    assert faults(whole, kept, gap(30, 70)) == {}
    assert faults(whole, kept, gap(0, 99)) == {"gaps_too_wide": 1}


def test_a_clock_that_was_set_back_is_no_silence() -> None:
    before = items(count=50)
    after = [
        replace(item, at_ns=item.at_ns - 30 * S, digest=f"later {item.digest}") for item in items(count=80)
    ]
    assert faults(before + after, before + after) == {}
    assert faults(before + after, before + after[1:]) == {"missing": 1}


def test_a_gap_may_begin_where_a_clock_was_set_back() -> None:
    before = items(count=50)
    after = [
        replace(item, at_ns=item.at_ns - 30 * S, digest=f"later {item.digest}") for item in items(count=300)
    ]
    whole = before + after
    assert faults(whole, whole, gap(50, 85, "")) == {}
    assert faults(whole, whole, gap(100, 135, "")) == {"gaps_without_cause": 1, "gaps_too_wide": 1}
