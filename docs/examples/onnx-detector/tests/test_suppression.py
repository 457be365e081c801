"""Suppression against a straightforward reference."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from picctv_onnx_detector.suppression import MOST, overlap, suppress

Box = tuple[float, float, float, float]
Row = tuple[Box, float, int]

# Whole numbers: their areas are exact in 32 bits too, so that the reference and the code see the same ties.
side = st.integers(0, 12).map(float)
box = st.tuples(side, side, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
score = st.sampled_from([0.25, 0.5, 0.625, 0.75, 1.0])
rows = st.lists(st.tuples(box, score, st.integers(0, 2)), max_size=30)
iou = st.sampled_from([0.0, 0.1, 0.45, 0.7, 0.99, 1.0])


def reference_overlap(one: Box, other: Box) -> float:
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    union = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)) - width * height
    return width * height / union if union > 0 else 0.0


def reference(given_rows: list[Row], limit: float) -> list[int]:
    """Look at all boxes, the surest first, and keep each that no kept one of its class overlaps too much."""
    kept: list[int] = []
    for index in sorted(range(len(given_rows)), key=lambda i: (-given_rows[i][1], i)):
        this, _, kind = given_rows[index]
        rivals = (given_rows[other] for other in kept if given_rows[other][2] == kind)
        if all(reference_overlap(this, rival[0]) <= limit for rival in rivals):
            kept.append(index)
    return kept


def run(given_rows: list[Row], limit: float) -> list[int]:
    corners = np.array([row[0] for row in given_rows], np.float32).reshape(-1, 4)
    scores = np.array([row[1] for row in given_rows], np.float32)
    classes = np.array([row[2] for row in given_rows], np.intp)
    return [int(index) for index in suppress(corners, scores, classes, limit)]


@given(rows, iou)
def test_suppression_is_that_of_the_reference(given_rows: list[Row], limit: float) -> None:
    # An overlap that is the limit but for rounding may go either way: nudged off every such value.
    assert run(given_rows, limit + 1e-4) == reference(given_rows, limit + 1e-4)


@given(box, box)
def test_overlap_is_that_of_the_reference(one: Box, other: Box) -> None:
    [found] = overlap(np.array(one, np.float32), np.array([other], np.float32))
    assert abs(found - reference_overlap(one, other)) < 1e-6


def test_nothing_is_left_of_nothing() -> None:
    assert run([], 0.5) == []


def test_boxes_of_different_classes_do_not_touch() -> None:
    same = (0.0, 0.0, 10.0, 10.0)
    assert run([(same, 0.5, 0), (same, 0.75, 1), (same, 0.25, 0)], 0.45) == [1, 0]


def test_only_the_surest_are_compared() -> None:
    apart = [((20.0 * n, 0.0, 20.0 * n + 10, 10.0), 0.5, 0) for n in range(MOST + 5)]
    assert run(apart, 0.45) == list(range(MOST))
