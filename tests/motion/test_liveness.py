"""What stands still is no motion any more, and what sways a little goes on being some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from picctv_plugins_motion.detector import MotionDetector
from picctv_plugins_motion.liveness import STILL_S
from picctv_plugins_motion.settings import MotionSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECOND = 1_000_000_000
RATE = 10
ARRIVED_S = 5.0


@pytest.fixture(scope="module")
def room() -> Any:
    """An empty room, (240, 320) uint8, with some texture."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(60, 150, (30, 40)).astype(np.uint8)
    return coarse.repeat(8, axis=0).repeat(8, axis=1)


@pytest.fixture(scope="module")
def thing() -> Any:
    """What comes in, (60, 30) uint8: dark and light by turns, so that it has edges within."""
    pattern = np.indices((60, 30)).sum(axis=0) // 6 % 2
    return np.where(pattern, 20, 230).astype(np.uint8)


def triggered(
    room: Any, thing: Any, at: Callable[[float], tuple[int, int]], until_s: float
) -> Iterator[tuple[float, bool]]:
    """Show the room, and after three seconds the thing, its left and top at a time; say when it triggers."""
    detector = MotionDetector(MotionSettings())
    rng = np.random.default_rng(4)
    for number in range(round(until_s * RATE)):
        time_s = number / RATE
        picture = room.copy()
        if time_s >= 3.0:
            left, top = at(time_s)
            picture[top : top + 60, left : left + 30] = thing
        noisy = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
        yield time_s, detector.apply(noisy, round(time_s * SECOND)).triggered


def arriving(time_s: float) -> tuple[int, int]:
    """Come in from the left until `ARRIVED_S`, then stand."""
    return round(20 + 60 * (min(time_s, ARRIVED_S) - 3.0)), 120


def test_what_was_parked_is_no_motion_after_some_seconds(room: Any, thing: Any) -> None:
    found = dict(triggered(room, thing, arriving, 16.0))
    assert all(said for time_s, said in found.items() if 3.3 <= time_s <= ARRIVED_S + STILL_S - 0.5)
    assert not any(said for time_s, said in found.items() if time_s >= ARRIVED_S + STILL_S + 1.5)


def test_what_drives_off_again_is_motion_at_once(room: Any, thing: Any) -> None:
    def at(time_s: float) -> tuple[int, int]:
        left, top = arriving(time_s)
        return left + round(60 * max(0.0, time_s - 14.0)), top

    found = dict(triggered(room, thing, at, 16.0))
    assert not found[13.5]
    assert all(said for time_s, said in found.items() if 14.4 <= time_s <= 15.5)


def test_who_sways_by_a_little_goes_on_being_motion(room: Any, thing: Any) -> None:
    def at(time_s: float) -> tuple[int, int]:
        left, top = arriving(time_s)
        return left + 2 * (time_s > ARRIVED_S and round(time_s) % 3 == 0), top

    found = dict(triggered(room, thing, at, 20.0))
    assert all(said for time_s, said in found.items() if time_s >= 3.3)


def test_the_same_pictures_say_the_same(room: Any, thing: Any) -> None:
    assert list(triggered(room, thing, arriving, 12.0)) == list(triggered(room, thing, arriving, 12.0))
