"""What is right and what is wrong, counted over the frames whose truth is known."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tests.bench.motion.pictures import decoded, length_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.motion.pictures import Bytes

STILL, SHADOW, OUTSIDE, UNKNOWN, MOVING = 0, 50, 85, 170, 255
LEAST = 0.001
"""A frame of a truth video shows motion if this part of it moves; with less, but not nothing, it is not scored."""

JOINED_S = 1.0
SHORTEST_EVENT_S = 0.3


@dataclass
class Truth:
    """What is known about a file.

    Attributes:
        rate: frames a second.
        labels: whether a frame certainly shows motion (True) or certainly none (False), by its number from 0.
        events: first and last frame of each motion.
        masks: the truth video, where there is one; its frame n belongs to frame n of the file.
        evaluated: first and last frame, from 0, that the truth video counts for.
    """

    rate: float
    labels: dict[int, bool]
    events: list[tuple[int, int]]
    masks: Path | None = None
    evaluated: tuple[int, int] = (0, 0)


def truths(folder: Path) -> dict[str, Truth]:
    """Read what is known about every file of the footage."""
    known = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return {name: _truth(folder, name, said) for name, said in known.items()}


def _truth(folder: Path, name: str, said: dict[str, Any]) -> Truth:
    rate, _ = length_of(folder / name)
    labels = {
        number: moving
        for moving, ranges in ((True, said.get("motion", [])), (False, said["still"]))
        for first, last in ranges
        for number in range(first, last + 1)
    }
    if "truth" not in said:
        return Truth(rate, labels, [(first, last) for first, last in said["motion"]])
    evaluated = (said["evaluate"][0] - 1, said["evaluate"][1] - 1)
    for number, _, frame in decoded(folder / said["truth"]):
        if evaluated[0] <= number <= evaluated[1]:
            counts = np.bincount(frame.to_ndarray().ravel(), minlength=256)
            if counts[MOVING] >= LEAST * counts.sum():
                labels[number] = True
            elif not counts[MOVING] and not counts[UNKNOWN]:
                labels[number] = False
    return Truth(rate, labels, _runs(labels, rate), folder / said["truth"], evaluated)


def _runs(labels: dict[int, bool], rate: float) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in sorted(number for number, moving in labels.items() if moving):
        if runs and number - runs[-1][1] <= JOINED_S * rate:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return [run for run in runs if run[1] - run[0] >= SHORTEST_EVENT_S * rate]


@dataclass
class Pixels:
    """Right and wrong pixels, as CDnet counts them: moving is positive, still and shadow are negative, the rest is left out."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, mask: Bytes | None, truth: Bytes) -> None:
        """Count one frame.

        Args:
            mask: (rows, columns) uint8 in any size, more than 0 where the detector sees motion; None for nowhere.
            truth: (rows, columns) uint8 of a truth video.
        """
        moving = cv2.inRange(truth, MOVING, MOVING)
        if mask is None:
            self.missed += cv2.countNonZero(moving)
            return
        if mask.shape != truth.shape:
            mask = np.asarray(cv2.resize(mask, truth.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
        seen = cv2.inRange(mask, 1, 255)
        still = cv2.inRange(truth, STILL, SHADOW)
        right = cv2.countNonZero(cv2.bitwise_and(seen, moving))
        self.right += right
        self.missed += cv2.countNonZero(moving) - right
        self.wrong += cv2.countNonZero(cv2.bitwise_and(seen, still))

    @property
    def f(self) -> float:
        """Give CDnet's F-measure, over all pixels counted."""
        return 2 * self.right / max(2 * self.right + self.wrong + self.missed, 1)


@dataclass
class Answers:
    """What one detector said about one file.

    Attributes:
        scores: by the number of the frame; only of the frames that it was given.
        decided: its own decisions, where it makes them.
        pixels: where the file has a truth video.
        ms: what each picture took.
    """

    scores: dict[int, float] = field(default_factory=dict)
    decided: dict[int, bool] = field(default_factory=dict)
    pixels: Pixels | None = None
    ms: list[float] = field(default_factory=list)

    def triggered(self, threshold: float | None) -> dict[int, bool]:
        """Give whether each frame counts as motion: the detector's decision, or whether the score reaches the threshold."""
        if threshold is None:
            return self.decided
        return {number: score > threshold for number, score in self.scores.items()}


@dataclass(frozen=True)
class Score:
    """One file: rates over its scored frames (None where it has none of that kind), false alarms, events."""

    tpr: float | None
    fpr: float | None
    alarms: int
    still_s: float
    found: int
    events: int


def score(answers: dict[int, bool], truth: Truth) -> Score:
    """Compare with the truth. A false alarm is a frame that triggers, with certainly nothing in it, after one that did not."""
    moving = [said for number, said in answers.items() if truth.labels.get(number) is True]
    still = [said for number, said in answers.items() if truth.labels.get(number) is False]
    alarms = 0
    before = False
    period = max(1.0, len(truth_span(answers)) / max(len(answers), 1))
    for number, said in answers.items():
        alarms += said and not before and truth.labels.get(number) is False
        before = said
    found = sum(
        any(said for number, said in answers.items() if first <= number <= last)
        for first, last in truth.events
    )
    return Score(
        tpr=sum(moving) / len(moving) if moving else None,
        fpr=sum(still) / len(still) if still else None,
        alarms=alarms,
        still_s=len(still) * period / truth.rate,
        found=found,
        events=len(truth.events),
    )


def truth_span(answers: dict[int, bool]) -> range:
    """Give the frames from the first to the last that was looked at."""
    return range(min(answers), max(answers) + 1) if answers else range(0)


def together(scores: dict[str, Score]) -> dict[str, Any]:
    """Average over files, each counting the same, and take F1 from the averages: of as many moving as still frames."""
    tprs = [one.tpr for one in scores.values() if one.tpr is not None]
    fprs = [one.fpr for one in scores.values() if one.fpr is not None]
    tpr, fpr = sum(tprs) / max(len(tprs), 1), sum(fprs) / max(len(fprs), 1)
    still_h = sum(one.still_s for one in scores.values()) / 3600
    return {
        "tpr": round(tpr, 4),
        "fpr": round(fpr, 4),
        "f1": round(2 * tpr / (1 + tpr + fpr), 4),
        "alarms_per_hour": round(sum(one.alarms for one in scores.values()) / still_h, 1)
        if still_h
        else None,
        "alarms": sum(one.alarms for one in scores.values()),
        "events_found": sum(one.found for one in scores.values()),
        "events": sum(one.events for one in scores.values()),
    }
