"""The best frame of an event."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_core.messages import MAX_DETAILS_BYTES
from picctv_plugins_motion.best import CLEARLY, MAX_WIDTH, BestFrame

WHOLE = [0.3, 0.3, 0.1, 0.3]
LARGER = [0.3, 0.2, 0.2, 0.6]


def frame(level: int, rows: int = 48, columns: int = 64) -> np.ndarray:
    return np.full((rows, columns), level, np.uint8)


def level_of(best: BestFrame) -> int:
    picture = cv2.imdecode(np.frombuffer(best.told()["picture"], np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture.ndim == 2
    return int(np.median(picture))


def test_there_is_none_before_something_moves() -> None:
    assert BestFrame().told() == {}


def test_best_frame_is_told_with_its_time_box_and_picture() -> None:
    best = BestFrame()
    best.see(frame(50), 1, [WHOLE], [4], 0.3)
    best.see(frame(150), 2, [LARGER], [4], 0.9)
    best.see(frame(250), 3, [WHOLE], [4], 0.4)
    assert best.told()["best"] == {"at_ns": 2, "box": LARGER, "id": 4, "score": 0.9}
    assert level_of(best) == pytest.approx(150, abs=2)


@pytest.mark.parametrize(
    "cut_off", [[0.0, 0.2, 0.3, 0.6], [0.7, 0.2, 0.3, 0.6], [0.3, 0.0, 0.2, 0.9], [0.3, 0.1, 0.2, 0.9]]
)
def test_whole_thing_is_better_than_a_larger_one_that_is_cut_off(cut_off: list[float]) -> None:
    best = BestFrame()
    best.see(frame(50), 1, [cut_off], [1], 0.9)
    best.see(frame(150), 2, [WHOLE], [1], 0.5)
    best.see(frame(250), 3, [cut_off], [1], 1.0)
    assert best.told()["best"]["at_ns"] == 2


def test_cut_off_is_better_than_next_to_nothing() -> None:
    best = BestFrame()
    best.see(frame(50), 1, [[0.5, 0.5, 0.01, 0.01]], [1], 0.02)
    best.see(frame(150), 2, [[0.0, 0.2, 0.3, 0.6]], [1], 0.9)
    assert best.told()["best"]["at_ns"] == 2


def test_box_is_that_of_the_largest_whole_thing() -> None:
    best = BestFrame()
    best.see(frame(50), 1, [[0.0, 0.2, 0.1, 0.3], WHOLE, [0.6, 0.6, 0.02, 0.02]], [1, 2, 3], 0.9)
    assert (best.told()["best"]["box"], best.told()["best"]["id"]) == (WHOLE, 2)


def test_picture_is_a_copy() -> None:
    luma, best = frame(100), BestFrame()
    best.see(luma, 1, [WHOLE], [1], 0.5)
    luma[:] = 0
    assert level_of(best) == pytest.approx(100, abs=2)


@given(st.lists(st.floats(0.0, 1.0), max_size=300))
def test_few_frames_are_copied_and_none_is_clearly_better(scores: list[float]) -> None:
    best, copies = BestFrame(), 0
    before = None
    for index, score in enumerate([0.01, *scores]):
        best.see(frame(100), index, [WHOLE], [1], score)
        copies += best._luma is not before
        before = best._luma
    assert copies <= 35
    assert max(scores, default=0.0) <= CLEARLY * best.told()["best"]["score"]


def test_picture_of_a_large_frame_is_bounded() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1080, 1920), np.uint8)
    best = BestFrame()
    best.see(noise, 1, [WHOLE], [1], 0.5)
    picture = best.told()["picture"]
    assert len(picture) < MAX_DETAILS_BYTES / 3
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED).shape == (360, MAX_WIDTH)
