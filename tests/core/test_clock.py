"""Time: the real clock, and the one that tests wind."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.clock import SystemClock
from picctv_core.testing import FakeClock


def test_system_clock_is_near_the_wall_clock_and_never_runs_backwards() -> None:
    clock = SystemClock()
    times = [clock.now_ns() for _ in range(1000)]
    assert times == sorted(times)
    assert abs(times[0] - time.time_ns()) < 1_000_000_000
    assert abs(clock.step_ns()) < 1_000_000_000


def test_step_of_the_wall_clock_is_reported_and_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before = clock.now_ns()
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3600 * 10**9)
    assert clock.now_ns() - before < 10**9
    assert abs(clock.step_ns() - 3600 * 10**9) < 10**9


@given(st.lists(st.floats(0, 1e6)))
def test_fake_clock_moves_as_it_is_wound(steps: list[float]) -> None:
    clock = FakeClock(now_ns=5)
    for step in steps:
        clock.advance(step)
    assert clock.now_ns() == 5 + sum(round(step * 1e9) for step in steps)
    # Whole numbers divided: beyond 2**53 ns a float of the nanoseconds would be rounded twice.
    assert clock.monotonic() == (clock.now_ns() - 5) / 1_000_000_000


def test_fake_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="never runs backwards"):
        FakeClock().advance(-1)
