"""Windows made of results."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from picctv_core.frames import Result
from picctv_plugins_recording.triggers import SECOND, Triggers, Window


def result(at_s: float, plugin: str = "motion", *, triggered: bool = True) -> Result:
    return Result("node/camera", plugin, round(at_s * SECOND), {"triggered": triggered})


def test_triggers_near_each_other_make_one_window() -> None:
    triggers = Triggers(pre_roll_s=5, post_roll_s=3)
    assert triggers.hear(result(100)) == Window("motion", 95 * SECOND, 103 * SECOND)
    assert triggers.hear(result(107, "sound")) == Window("motion", 95 * SECOND, 110 * SECOND)
    assert not triggers.over(115 * SECOND)
    assert triggers.over(115 * SECOND + 1)


def test_late_result_never_shortens_a_window() -> None:
    triggers = Triggers(pre_roll_s=0, post_roll_s=1)
    triggers.hear(result(10))
    assert triggers.hear(result(9)).until_ns == 11 * SECOND


def test_only_triggered_results_of_the_named_plugins_count() -> None:
    triggers = Triggers(5, 5, ["motion"])
    assert triggers.counts(result(1))
    assert not triggers.counts(result(1, triggered=False))
    assert not triggers.counts(result(1, "sound"))
    assert not triggers.counts(Result("node/camera", "motion", 1, {"triggered": 1}))
    assert not triggers.counts(Result("node/camera", "motion", 1, "triggered"))
    assert Triggers(5, 5).counts(result(1, "sound"))


@given(st.lists(st.floats(0, 200), min_size=1), st.floats(0, 20), st.floats(0, 20))
def test_every_trigger_lies_in_a_window_with_its_post_roll(
    times: list[float], pre: float, post: float
) -> None:
    triggers = Triggers(pre, post)
    windows = []
    for at_s in sorted(times):
        if triggers.over(round(at_s * SECOND)):
            windows.append(triggers.window)
            triggers.close()
        triggers.hear(result(at_s))
    windows.append(triggers.window)
    for at_s in times:
        at_ns, post_ns = round(at_s * SECOND), round(post * SECOND)
        assert any(
            window and window.from_ns <= at_ns and at_ns + post_ns <= window.until_ns for window in windows
        )
    # Windows that would overlap were made one.
    ordered = [window for window in windows if window]
    assert all(one.until_ns < other.from_ns for one, other in pairwise(ordered))
