"""Which layout an output has, and what is read from it."""

from __future__ import annotations

import numpy as np
import pytest
from picctv_onnx_detector.layouts import find_layout, read

CELLS_640 = 8400


@pytest.mark.parametrize(
    ("shape", "classes", "layout"),
    [
        ((1, 25200, 85), 80, "yolov5"),
        ((1, 25200, 85), None, "yolov5"),
        ((1, 25200, 6), 1, "yolov5"),
        ((1, 25200, 6), None, "yolov5"),
        ((1, 84, 8400), 80, "yolov8"),
        ((1, 84, 8400), None, "yolov8"),
        ((1, 5, 8400), 1, "yolov8"),
        ((1, 300, 6), 80, "end-to-end"),
        ((1, 300, 6), 1, "end-to-end"),
        ((1, 300, 6), None, "end-to-end"),
        ((1, 34000, 85), None, "yolov5"),  # with a fourth grid
        ((1, 84, 34000), None, "yolov8"),
    ],
)
def test_layout_is_found_from_the_shape(shape: tuple[int, ...], classes: int | None, layout: str) -> None:
    assert find_layout(shape, 640, 640, classes) == layout


@pytest.mark.parametrize(
    ("shape", "classes"),
    [
        ((1, 1000), None),
        ((2, 84, 8400), None),
        ((1, 84, 80, 80), None),
        ((1, 84, 8400), 79),
        ((1, 3, 4), None),
    ],
)
def test_other_shapes_are_refused(shape: tuple[int, ...], classes: int | None) -> None:
    with pytest.raises(
        ValueError, match=r"its output of shape \(.*\) is none of \(1, n, 5 \+ classes\)|with 79"
    ):
        find_layout(shape, 640, 640, classes)


def test_yolov5_multiplies_by_whether_it_is_a_thing() -> None:
    rows = np.array([[[10, 20, 4, 6, 0.5, 0.9, 1.0], [10, 20, 4, 6, 0.9, 0.2, 0.8]]], np.float32)
    seen = read(rows, "yolov5", 0.6)
    np.testing.assert_allclose(seen.corners, [[8, 17, 12, 23]])
    np.testing.assert_allclose(seen.scores, [0.72])
    assert (list(seen.classes), seen.doubles) == ([1], True)


def test_end_to_end_leaves_the_filling_out() -> None:
    rows = np.array([[[1, 2, 3, 4, 0.7, 1], [0, 0, 0, 0, 0, 0], [5, 5, 6, 6, 0.9, -1]]], np.float32)
    seen = read(rows, "end-to-end", 0.0)
    assert (seen.corners.tolist(), list(seen.classes), seen.doubles) == ([[1, 2, 3, 4]], [1], False)


@pytest.mark.parametrize(
    ("layout", "shape"), [("yolov5", (1, 9, 7)), ("yolov8", (1, 6, 9)), ("end-to-end", (1, 9, 6))]
)
def test_nothing_sure_is_nothing(layout: str, shape: tuple[int, ...]) -> None:
    for confidence in (0.0, 0.5):
        seen = read(np.zeros(shape, np.float32), layout, confidence)
        assert (seen.corners.shape, seen.scores.shape, seen.classes.shape) == ((0, 4), (0,), (0,))
