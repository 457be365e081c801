"""The detector on real footage with known truth, as a node would give it: 320x240, at most 10 a second."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import av
import pytest

from picctv_core.sources.streams import FOR_ANALYSIS
from picctv_plugins_motion.detector import MotionDetector
from picctv_plugins_motion.settings import MotionSettings

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT, RATE = 320, 240, 10.0
SECOND = 1_000_000_000


def triggered_frames(path: Path) -> dict[int, bool]:
    """Give whether each analysed frame triggers, by its number in the file."""
    detector = MotionDetector(MotionSettings())
    answers = {}
    due_s = 0.0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        if stream.codec_context.name == "h264":
            stream.codec_context.options = FOR_ANALYSIS
        for number, frame in enumerate(container.decode(stream)):
            at_s = number / float(stream.average_rate)
            if at_s + 1e-6 < due_s:
                continue
            due_s = max(due_s, at_s) + 1 / RATE
            luma = frame.reformat(WIDTH, HEIGHT, "yuv420p", interpolation="AREA").to_ndarray()[:HEIGHT]
            answers[number] = detector.apply(luma, round(at_s * SECOND)).triggered
    return answers


def rate_within(answers: dict[int, bool], ranges: list[list[int]]) -> float:
    """Give the part of the frames within the ranges that trigger."""
    chosen = [answer for number, answer in answers.items() if any(a <= number <= b for a, b in ranges)]
    return sum(chosen) / len(chosen)


# The cyclist comes in the first second, in which the detector only learns.
@pytest.mark.parametrize(
    ("name", "recall", "wrong"),
    [
        ("vtest.avi", 0.98, 0.0),
        ("one-by-one.mp4", 0.97, 0.0),
        ("atv.mp4", 0.9, 0.0),
        ("atv3.mp4", 0.9, 0.0),
        # Leaves in the sun that flash for a third of a second are reported once or twice.
        ("bicycle.mp4", 0.85, 0.07),
    ],
)
def test_footage_triggers_when_something_moves_and_only_then(
    footage: Path, name: str, recall: float, wrong: float
) -> None:
    truth = json.loads((footage / "truth.json").read_text())[name]
    answers = triggered_frames(footage / name)
    assert rate_within(answers, truth["motion"]) > recall
    if truth["still"]:
        assert rate_within(answers, truth["still"]) <= wrong


def test_shaking_camera_is_no_motion_and_its_cars_are(footage: Path) -> None:
    answers = triggered_frames(footage / "traffic.avi")
    moving, still = [], []
    with av.open(str(footage / "traffic-truth.mkv")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= 899 and number in answers:
                marks = frame.to_ndarray(format="gray")
                if (marks == 255).sum() >= 40:
                    moving.append(answers[number])
                elif not ((marks == 255) | (marks == 170)).any():
                    still.append(answers[number])
    assert sum(moving) > 0.9 * len(moving)
    assert not any(still)
