"""The way of a frame into a model's picture, and of boxes back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from picctv_onnx_detector.letterbox import GREY, Letterbox

from .conftest import luma

sizes = st.integers(16, 800)


def test_wide_frame_lies_in_the_middle() -> None:
    box = Letterbox.of(320, 240, 640, 640)
    assert (box.inner_width, box.inner_height, box.left, box.top) == (640, 480, 0, 80)
    picture = box.picture(np.full((240, 320), 200, np.uint8))
    assert (picture.shape, picture.dtype) == ((640, 640), np.uint8)
    assert set(np.unique(picture[:80])) == set(np.unique(picture[560:])) == {GREY}
    assert set(np.unique(picture[80:560])) == {200}


def test_frame_is_left_as_it_is() -> None:
    frame = luma((16, 16, 255))
    before = frame.copy()
    Letterbox.of(128, 64, 64, 64).picture(frame)
    assert (frame == before).all()


@given(sizes, sizes, sizes, sizes)
def test_boxes_find_their_way_back(columns: int, rows: int, width: int, height: int) -> None:
    box = Letterbox.of(columns, rows, width, height)
    assert box.left >= 0
    assert box.top >= 0
    assert box.left + box.inner_width <= width
    assert box.top + box.inner_height <= height
    whole = [box.left, box.top, box.left + box.inner_width, box.top + box.inner_height]
    quarter = [box.left, box.top, box.left + box.inner_width / 2, box.top + box.inner_height / 2]
    found = box.fractions(np.array([whole, quarter, [-99, -99, 9999, 9999]], np.float32))
    np.testing.assert_allclose(found, [[0, 0, 1, 1], [0, 0, 0.5, 0.5], [0, 0, 1, 1]], atol=1e-5)


def test_box_in_the_grey_is_empty() -> None:
    [found] = Letterbox.of(128, 64, 64, 64).fractions(np.array([[0, 0, 64, 10]], np.float32))
    assert found[3] == 0
