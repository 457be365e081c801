"""The motion chart, and lengths of time in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_plugins_motion.charts import motion_chart, thinned, with_holes
from picctv_plugins_motion.text import duration

SECOND = 1_000_000_000


def test_chart_has_seconds_into_the_clip_and_percent() -> None:
    results = [
        (10 * SECOND, {"triggered": False, "score": 0.0, "area": 0.0, "boxes": []}),
        (10 * SECOND + 100_000_000, {"triggered": True, "score": 0.5, "area": 0.0125, "boxes": []}),
        (10 * SECOND + 200_000_000, "no numbers"),
        (10 * SECOND + 300_000_000, {"score": None}),
        (10 * SECOND + 400_000_000, {"triggered": True, "score": 1.0}),
    ]
    chart = motion_chart(results, 10 * SECOND)
    assert (chart.name, chart.columns, chart.unit, chart.y_max) == (
        "motion",
        ("seconds", "score", "area"),
        "%",
        100.0,
    )
    assert chart.rows == [(0.0, 0.0, 0.0), (0.1, 50.0, 1.25), (0.4, 100.0, None)]


def test_chart_of_nothing_is_empty() -> None:
    assert motion_chart([], 0).rows == []


def test_line_is_broken_where_nothing_is_known() -> None:
    rows = [(index / 10, 1.0, 1.0) for index in range(20)]
    later = [(30.0 + index / 10, 1.0, 1.0) for index in range(20)]
    assert with_holes([*rows, *later]) == [*rows, (15.95, None, None), *later]


def test_slow_results_are_one_line() -> None:
    rows = [(index * 5.0, 1.0, 1.0) for index in range(20)]
    assert with_holes(rows) == rows


@given(st.lists(st.floats(0, 100), max_size=400), st.integers(1, 50))
def test_thinning_keeps_order_and_every_highest_peak(scores: list[float], most: int) -> None:
    rows = [(float(index), score, score) for index, score in enumerate(scores)]
    kept = thinned(rows, most)
    assert len(kept) == min(len(rows), most)
    assert [row for row in rows if row in kept] == kept
    assert not rows or max(row[1] for row in kept) == max(scores)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.84, "0.8 s"),
        (9.96, "10 s"),
        (12.4, "12 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (3599.7, "1 h"),
        (7800, "2 h 10 min"),
    ],
)
def test_duration_is_written_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
