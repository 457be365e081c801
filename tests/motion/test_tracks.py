"""Boxes of one picture after another, told apart by the things that they show."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core import codec
from picctv_core.messages import MAX_DETAILS_BYTES
from picctv_plugins_motion.tracks import MAX_BOXES, MAX_POINTS, MAX_THINGS, MAX_TRACKS, Tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SECOND = 1_000_000_000
RATES = [2, 5, 10, 30]

Box = list[float]


def times(seconds: float, rate: float) -> list[float]:
    return [index / rate for index in range(round(seconds * rate) + 1)]


def at(at_s: float) -> int:
    return round(at_s * SECOND)


def walker(at_s: float, *, start: float = 0.1, speed: float = 0.1) -> Box:
    """A person of a third of the picture's height, who walks sideways and swings the arms."""
    swing = 0.01 * (round(at_s * 10) % 3)
    return [start + speed * at_s - 0.03 - swing / 2, 0.5, 0.06 + swing, 0.33]


def joined(one: Box, other: Box) -> list[Box]:
    """What a detector sees of two things: one box where they touch, with both in it."""
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one, other
    if x1 > x2 + w2 or x2 > x1 + w1:
        return [one, other]
    left, top = min(x1, x2), min(y1, y2)
    return [[left, top, max(x1 + w1, x2 + w2) - left, max(y1 + h1, y2 + h2) - top]]


def follow(boxes_at: Callable[[float], list[Box]], at_s: Iterable[float]) -> tuple[Tracks, list[list[int]]]:
    tracks = Tracks()
    return tracks, [tracks.see(boxes_at(moment), at(moment)) for moment in at_s]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("speed", [0.0, 0.05, 0.25, -0.1])
def test_one_walker_is_one_track(rate: float, speed: float) -> None:
    start = 0.9 if speed < 0 else 0.1
    tracks, ids = follow(lambda at_s: [walker(at_s, start=start, speed=speed)], times(3, rate))
    assert ids == [[1]] * len(ids)
    (track,) = tracks.told()
    assert (track["id"], track["from_ns"], track["to_ns"]) == (1, 0, 3 * SECOND)
    assert len(track["boxes"]) == len(ids)
    assert track["boxes"][0] == [0, *walker(0, start=start, speed=speed)]


@pytest.mark.parametrize("rate", [5, 10, 30])
def test_two_who_cross_keep_their_numbers(rate: float) -> None:
    def seen(at_s: float) -> list[Box]:
        right, left = walker(at_s, start=0.2, speed=0.12), walker(at_s, start=0.8, speed=-0.12)
        return joined(right, left)

    tracks, ids = follow(seen, times(5, rate))
    assert ids[0] == [1, 2]
    assert [1] in ids  # while one hides the other
    assert ids[-1] == [1, 2]
    assert {number for numbers in ids for number in numbers} == {1, 2}
    right, left = tracks.told()
    assert right["boxes"][-1][1] > 0.7
    assert left["boxes"][-1][1] < 0.3


def test_two_who_meet_and_turn_back_are_no_more_than_two() -> None:
    def seen(at_s: float) -> list[Box]:
        way = 0.12 * min(at_s, 5 - at_s)
        return joined([0.2 + way, 0.5, 0.06, 0.33], [0.74 - way, 0.5, 0.06, 0.33])

    _, ids = follow(seen, times(5, 10))
    assert {number for numbers in ids for number in numbers} == {1, 2}
    assert sorted(ids[-1]) == [1, 2]


def test_two_side_by_side_are_two() -> None:
    _, ids = follow(lambda at_s: [walker(at_s), walker(at_s, start=0.22)], times(4, 10))
    assert ids == [[1, 2]] * 41


def test_order_of_the_boxes_is_no_matter() -> None:
    def seen(at_s: float) -> list[Box]:
        boxes = [walker(at_s), walker(at_s, start=0.5)]
        return boxes if round(at_s * 10) % 2 else boxes[::-1]

    _, ids = follow(seen, times(3, 10))
    assert ids == [[1, 2] if index % 2 == 0 else [2, 1] for index in range(31)]


@pytest.mark.parametrize("rate", RATES)
def test_one_who_passes_behind_a_pole_stays_the_same(rate: float) -> None:
    seen = [moment for moment in times(4, rate) if not 1.6 < moment < 2.4]
    _, ids = follow(lambda at_s: [walker(at_s, speed=0.2)], seen)
    assert ids == [[1]] * len(ids)


def test_one_who_leaves_and_returns_later_is_another_one() -> None:
    seen = [moment for moment in times(5, 10) if not 2.0 < moment < 3.5]
    tracks, ids = follow(lambda at_s: [walker(at_s)], seen)
    assert ids == [[1]] * 21 + [[2]] * 16
    assert [(track["from_ns"], track["to_ns"]) for track in tracks.told()] == [
        (0, 2 * SECOND),
        (at(3.5), 5 * SECOND),
    ]


@given(st.lists(st.booleans(), min_size=60, max_size=60))
def test_missing_pictures_are_no_matter(dropped: list[bool]) -> None:
    tracks, last_s = Tracks(), 0.0
    for moment, is_dropped in zip(times(5.9, 10), dropped, strict=True):
        if moment - last_s < 0.55 and is_dropped:
            continue
        assert tracks.see([walker(moment), walker(moment, start=0.3)], at(moment)) == [1, 2]
        last_s = moment


def test_what_was_seen_once_is_left_out_beside_others() -> None:
    def seen(at_s: float) -> list[Box]:
        noise = [[0.9, 0.1, 0.02, 0.02]] if at_s == 1.0 else []
        return [walker(at_s), *noise]

    tracks, ids = follow(seen, times(2, 10))
    assert ids[10] == [1, 2]
    assert [track["id"] for track in tracks.told()] == [1]
    lone = Tracks()
    lone.see([[0.9, 0.1, 0.02, 0.02]], 5)
    assert lone.told() == [{"id": 1, "from_ns": 5, "to_ns": 5, "boxes": [[5, 0.9, 0.1, 0.02, 0.02]]}]


def test_long_track_is_thinned_evenly_from_end_to_end() -> None:
    tracks, _ = follow(lambda at_s: [walker(at_s, speed=0.0)], times(3600, 10))
    (track,) = tracks.told()
    moments = [box[0] for box in track["boxes"]]
    assert (moments[0], moments[-1]) == (0, 3600 * SECOND)
    assert MAX_POINTS / 3 < len(moments) <= MAX_POINTS
    steps = [after - before for before, after in pairwise(moments)]
    assert max(steps) < 3 * 3600 * SECOND / len(moments)


def test_longest_tracks_of_a_busy_event_are_kept() -> None:
    tracks = Tracks()
    for number in range(500):
        begin_s, length_s = 5.0 * number, 2.0 if number in {100, 400} else 0.5
        for moment in times(length_s, 10):
            assert tracks.see([walker(moment)], at(begin_s + moment)) == [number + 1]
    told = tracks.told()
    assert len(told) == MAX_TRACKS
    assert {101, 401} < {track["id"] for track in told}
    assert [track["id"] for track in told] == sorted(track["id"] for track in told)


def test_hundreds_of_boxes_have_numbers_and_the_largest_are_followed() -> None:
    tracks = Tracks()
    rain = np.random.default_rng(1)
    for index in range(50):
        drops = [[*place, 0.01, 0.01] for place in rain.uniform(0.0, 0.9, (300, 2))]
        ids = tracks.see([walker(index / 10), *drops], index * SECOND // 10)
        assert ids[0] == 1
        assert len(set(ids)) == 301
    assert len(tracks._things) <= MAX_THINGS + MAX_BOXES
    assert tracks.told()[0]["to_ns"] == at(4.9)


def test_two_pictures_of_one_time_are_taken() -> None:
    tracks = Tracks()
    assert tracks.see([walker(0)], 0) == [1]
    assert tracks.see([walker(0)], 0) == [1]
    assert tracks.see([walker(0.1)], at(0.1)) == [1]
    assert [len(track["boxes"]) for track in tracks.told()] == [3]


fractions = st.floats(0.001, 0.999)
boxes = st.tuples(fractions, fractions, fractions, fractions).map(
    lambda box: [box[0], box[1], min(box[2], 1 - box[0]), min(box[3], 1 - box[1])]
)
pictures = st.lists(st.tuples(st.integers(0, 3 * SECOND), st.lists(boxes, max_size=8)), max_size=40)


@given(pictures)
def test_whatever_comes_numbers_differ_and_what_is_told_was_seen(
    shown: list[tuple[int, list[Box]]],
) -> None:
    tracks, at_ns = Tracks(), 0
    seen: set[tuple[Any, ...]] = set()
    known: set[int] = set()
    for pause_ns, found in shown:
        at_ns += pause_ns
        ids = tracks.see(found, at_ns)
        assert len(ids) == len(found) == len(set(ids))
        assert all(number >= 1 for number in ids)
        new = [number for number in ids if number not in known]
        assert new == sorted(new)
        known.update(ids)
        seen.update((at_ns, *box) for box in found)
    told = tracks.told()
    assert (len(told) > 0) == (len(known) > 0)
    assert len(told) <= MAX_TRACKS
    assert {track["id"] for track in told} <= known
    for track in told:
        assert len(track["boxes"]) <= MAX_POINTS
        assert {tuple(box) for box in track["boxes"]} <= seen
        assert (track["from_ns"], track["to_ns"]) == (track["boxes"][0][0], track["boxes"][-1][0])
    assert codec.unpack(codec.pack(told)) == told


def test_most_that_is_ever_told_fits() -> None:
    tracks = Tracks()
    for index in range(400):
        first = 100 * (index // 200)
        rows = [[0.0123 + number / 32, 0.1234 + first / 200, 0.0101, 0.0101] for number in range(MAX_BOXES)]
        tracks.see(rows, (first + index) * SECOND // 10)
    assert len(tracks.told()) == MAX_TRACKS
    assert len(codec.pack(tracks.told())) < MAX_DETAILS_BYTES / 3
