"""What the analyzer says of scenes in which it is known what happens, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from picctv_new_plugin.analyzer import NewPluginAnalyzer


def grey(value: int) -> Any:
    """Give a picture that is grey all over."""
    return np.full((240, 320), value, np.uint8)


def test_still_picture_is_no_change(picctv_run: Any) -> None:
    run = picctv_run(NewPluginAnalyzer, "still")
    assert {(data["triggered"], data["count"]) for data in run.data} == {(False, 0)}


def test_somebody_who_walks_is_a_change(picctv_run: Any) -> None:
    run = picctv_run(NewPluginAnalyzer, "walking")
    assert run.data[-1]["count"] >= 1
    assert len(run.events) == run.data[-1]["count"]


def test_score_is_the_part_that_changed(picctv_runner: Any) -> None:
    runner = picctv_runner(NewPluginAnalyzer)
    half = grey(20)
    half[:, 160:] = 120
    assert runner.frame(grey(20)) == {"triggered": False, "score": 0.0, "count": 0}
    assert runner.frame(half) == {"triggered": True, "score": 0.5, "count": 1}


@pytest.mark.parametrize(("step", "triggered"), [(99.0, True), (101.0, False)])
def test_step_is_the_least_change_of_a_pixel(picctv_runner: Any, step: float, triggered: bool) -> None:
    runner = picctv_runner(NewPluginAnalyzer, settings={"step": step})
    runner.frame(grey(20))
    assert runner.frame(grey(120))["triggered"] is triggered


def test_two_changes_are_counted_twice(picctv_runner: Any) -> None:
    runner = picctv_runner(NewPluginAnalyzer, settings={"memory_s": 0.1, "pause_s": 0.5})
    levels = [20] * 10 + [120] * 20 + [20] * 20
    assert [runner.frame(grey(level))["count"] for level in levels] == [0] * 10 + [1] * 20 + [2] * 20
