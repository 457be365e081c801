"""Capture times: exact in files, never in the future and rising for live cameras."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picctv_core.sources.timing import NS_PER_S, FileTimeline, LiveTimeline, backfilled, to_ns

MS = 1_000_000


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12), st.fractions(min_value=Fraction(1, 10**9), max_value=10))
def test_to_ns_is_the_nearest_nanosecond(ticks: int, time_base: Fraction) -> None:
    assert abs(to_ns(ticks, time_base) - ticks * time_base * NS_PER_S) <= Fraction(1, 2)


def test_file_times_go_on_one_picture_after_the_last_when_it_begins_again() -> None:
    timeline = FileTimeline(1000 * MS, 40 * MS)
    first = [timeline.captured_at(at * MS, 0) for at in (500, 540, 600)]
    timeline.begin_again()
    second = [timeline.captured_at(at * MS, 0) for at in (500, 540, 600)]
    assert [at // MS for at in first + second] == [1000, 1040, 1100, 1140, 1180, 1240]


def test_file_packets_without_times_follow_at_the_nominal_rate() -> None:
    timeline = FileTimeline(0, 40 * MS)
    assert [timeline.captured_at(None, 0) // MS for _ in range(3)] == [0, 40, 80]


def test_backfilled_gives_the_first_packets_the_times_that_they_must_have_had() -> None:
    assert backfilled([None, None, 120, 160, None], 1) == [40, 80, 120, 160, None]
    assert backfilled([None, 100], 40) == [60, 100]
    assert backfilled([None, 160, 40, 80, 120], 1) == [0, 160, 40, 80, 120]
    assert backfilled([None, None], 40) == [None, None]


def test_live_times_are_those_of_the_stream_whatever_the_network_does() -> None:
    timeline = LiveTimeline()
    delays = [30, 0, 90, 10, 0, 200, 5, 0]
    times = [
        timeline.captured_at(n * 40 * MS, (5000 + n * 40 + delay) * MS) // MS
        for n, delay in enumerate(delays)
    ]
    assert [at - times[1] for at in times[1:]] == [0, 40, 80, 120, 160, 200, 240]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 200 * MS),
            st.integers(0, 500 * MS),
            st.booleans(),
            st.integers(-NS_PER_S, NS_PER_S),
        )
    )
)
def test_live_times_rise_and_are_never_in_the_future(packets: list[tuple[int, int, bool, int]]) -> None:
    timeline = LiveTimeline()
    media = now = 10 * NS_PER_S
    last = -1
    for step, late, told, offset in packets:
        media += step
        now = max(now + 1, media + late)
        captured = timeline.captured_at(media, now, now - offset if told else None)
        assert last < captured <= now
        last = captured


def test_live_time_begins_anew_when_the_cameras_own_jumps_back() -> None:
    timeline = LiveTimeline()
    timeline.captured_at(3600 * NS_PER_S, 5 * NS_PER_S)
    assert timeline.captured_at(7 * NS_PER_S, 6 * NS_PER_S) == 6 * NS_PER_S


def test_live_time_never_leads_when_the_cameras_own_jumps_ahead() -> None:
    timeline = LiveTimeline()
    timeline.captured_at(0, 5 * NS_PER_S)
    assert timeline.captured_at(3600 * NS_PER_S, 6 * NS_PER_S) == 6 * NS_PER_S
    assert timeline.captured_at(3601 * NS_PER_S, 7 * NS_PER_S) == 7 * NS_PER_S


def test_live_times_follow_a_camera_whose_clock_is_slow() -> None:
    timeline = LiveTimeline()
    for n in range(25 * 600):
        now = n * 40 * MS
        captured = timeline.captured_at(round(now * 0.9999), now)
        assert now - captured < 12 * MS


def test_live_times_move_to_what_the_camera_says_where_that_is_plausible() -> None:
    timeline = LiveTimeline()
    for n in range(60):
        now = 10 * NS_PER_S + n * 40 * MS
        captured = timeline.captured_at(n * 40 * MS, now, now - 300 * MS)
    assert now - captured == 300 * MS
    timeline = LiveTimeline()
    for n in range(60):
        now = 10 * NS_PER_S + n * 40 * MS
        assert timeline.captured_at(n * 40 * MS, now, now - 3600 * NS_PER_S) == now


def test_live_times_of_a_burst_at_the_start_lie_before_it() -> None:
    timeline = LiveTimeline()
    timeline.begin([0, 40 * MS, 80 * MS], NS_PER_S)
    assert [timeline.captured_at(n * 40 * MS, NS_PER_S) // MS for n in range(3)] == [920, 960, 1000]


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.9])
def test_live_times_follow_a_camera_whose_clock_is_slow_by_far_and_leave_no_hole(rate: float) -> None:
    timeline = LiveTimeline()
    ages, times = [], []
    for n in range(25 * 60):
        now = n * 40 * MS
        times.append(timeline.captured_at(round(now * rate), now))
        ages.append(now - times[-1])
    assert min(ages) >= 0
    assert max(ages) < 4 * NS_PER_S
    assert max(ages[25 * 40 :]) == 0
    steps = [after - before for before, after in itertools.pairwise(times)]
    assert min(steps) > 0
    assert max(steps) <= 3 * 40 * MS


def test_live_times_of_what_a_stuck_network_kept_are_those_of_the_stream() -> None:
    timeline = LiveTimeline()
    arrivals = [n * 40 * MS if not 100 <= n < 250 else 10_000 * MS + n for n in range(500)]
    times = [timeline.captured_at(n * 40 * MS, at) for n, at in enumerate(arrivals)]
    assert times == [n * 40 * MS for n in range(500)]


def test_live_times_of_b_pictures_keep_their_order_while_a_slow_clock_is_followed() -> None:
    timeline = LiveTimeline()
    shown: dict[int, int] = {}
    for n in range(25 * 20):
        # In the order of decoding: I P B P B; each B picture is shown before the one that came before it.
        media = n + 1 if n % 2 else max(0, n - 1)
        shown[media] = timeline.captured_at(media * 20 * MS, n * 40 * MS)
    assert [shown[media] for media in sorted(shown)] == sorted(set(shown.values()))


def test_live_time_that_goes_back_is_noticed() -> None:
    timeline = LiveTimeline()
    assert not timeline.is_back(5)
    timeline.captured_at(5, NS_PER_S)
    assert [timeline.is_back(at) for at in (4, 5, 6, None)] == [True, True, False, False]
