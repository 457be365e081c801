"""How the benchmark counts, and that its scenes are the same each time: small cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.motion.hard_cases import CASES, Case, frames
from tests.bench.motion.scoring import Answers, Pixels, Truth, score, together

LABELS = {number: number >= 4 for number in range(8) if number != 3}
TRUTH = Truth(rate=2.0, labels=LABELS, events=[(4, 5), (7, 7)])


def test_score_counts_rising_edges_in_empty_frames_and_events_with_any_frame() -> None:
    said = {number: number in {1, 2, 3, 4} for number in range(8)}
    one = score(said, TRUTH)
    assert (one.tpr, one.fpr) == (1 / 4, 2 / 3)
    assert (one.alarms, one.still_s) == (1, 1.5)
    assert (one.found, one.events) == (1, 2)


def test_score_of_every_second_frame_counts_the_time_between_them() -> None:
    one = score(dict.fromkeys(range(0, 8, 2), False), TRUTH)
    assert one.still_s == pytest.approx(2 * 7 / 4 / 2)


def test_f1_is_made_of_the_averages() -> None:
    whole = together({"file": score({number: number >= 6 for number in range(8)}, TRUTH)})
    assert (whole["tpr"], whole["fpr"]) == (0.5, 0.0)
    assert whole["f1"] == round(2 * 0.5 / 1.5, 4)


def test_answers_follow_the_threshold_unless_the_detector_decides() -> None:
    said = Answers(scores={0: 0.1, 1: 0.2}, decided={0: True, 1: False})
    assert said.triggered(0.15) == {0: False, 1: True}
    assert said.triggered(None) == {0: True, 1: False}


def test_pixels_leave_out_what_is_unknown_and_take_shadows_for_still() -> None:
    truth = np.array([[255, 255, 0, 50, 85, 170]], np.uint8)
    pixels = Pixels()
    pixels.add(np.array([[1, 0, 1, 1, 1, 1]], np.uint8), truth)
    assert (pixels.right, pixels.wrong, pixels.missed) == (1, 2, 1)
    pixels.add(None, truth)
    assert pixels.missed == 3
    assert pixels.f == 2 / (2 + 2 + 3)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hard_case_is_the_same_each_time(case: Case) -> None:
    def seen() -> list[bytes]:
        drawn = frames(case, peopled=case.peopled, seed=1, duration_s=0.3)
        return [frame.to_ndarray().tobytes() for _, _, frame, _ in drawn]

    first = seen()
    assert len(first) == 3
    assert len(set(first)) == 3  # noise at least
    assert seen() == first
