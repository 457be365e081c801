"""What motion says of a clip in three lines."""

from __future__ import annotations

from typing import Any

from picctv_plugins_motion.summary import Peak, Summary, summarise

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def result(*, triggered: bool, score: float = 0.0, area: float = 0.0) -> dict[str, Any]:
    return {"triggered": triggered, "score": score, "area": area, "boxes": []}


def test_summary_of_a_still_clip_is_none() -> None:
    assert summarise([(START, result(triggered=False))], START, START + SECOND) is None


def test_summary_counts_each_result_until_the_next_and_names_the_peaks() -> None:
    results = [
        (START, result(triggered=False)),
        (START + 1 * SECOND, result(triggered=True, score=0.5, area=0.25)),
        (START + 2 * SECOND, result(triggered=True, score=0.75, area=0.125)),
        (START + 3 * SECOND, result(triggered=False)),
    ]
    expected = Summary(2.0, Peak(75.0, 2.0), Peak(25.0, 1.0))
    assert summarise(results, START, START + 10 * SECOND) == expected


def test_summary_does_not_count_time_of_which_nothing_is_known() -> None:
    found = summarise([(START, result(triggered=True))], START, START + 60 * SECOND)
    assert found is not None
    assert found.moving_s == 2.0
