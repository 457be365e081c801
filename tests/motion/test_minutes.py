"""What a batch of results adds to its minutes, and to which cells of the heat map."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picctv_plugins_motion import grid
from picctv_plugins_motion.masks import packed_mask
from picctv_plugins_motion.minutes import MINUTE_NS, Part, parts
from picctv_plugins_motion.reports import Seen

SECOND = 1_000_000_000
START = 29_000_000 * MINUTE_NS


def seen(*, triggered: bool = True, score: float = 0.5, **more: object) -> Seen:
    return Seen.model_validate({"triggered": triggered, "score": score, "area": 0.01, **more})


def cell(row: int, column: int) -> int:
    return row * grid.COLUMNS + column


def test_batch_is_summed_up_frame_by_frame() -> None:
    box = [0.5, 0.5, 1 / grid.COLUMNS, 1 / grid.ROWS]
    items = [
        (START, seen(triggered=False, score=0.9)),
        (START + SECOND // 4, seen(score=0.25, boxes=[box], zones=["Door", "Yard"])),
        (START + SECOND // 2, seen(score=0.75, zones=["Door"], scene_changed=True)),
    ]
    expected = Part(
        frames=3,
        moving=2,
        moving_ms=500,
        area=20_000,
        peak=0.75,
        scenes=1,
        zones=Counter({"Door": 500, "Yard": 250}),
        cells=Counter({cell(12, 16): 250}),
    )
    assert parts(items) == {START: expected}
    assert parts(reversed(items)) == {START: expected}


def test_batch_over_the_turn_of_a_minute_is_in_both() -> None:
    items = [(START - SECOND // 2, seen()), (START, seen(triggered=False))]
    found = parts(items)
    assert {minute: (part.frames, part.moving_ms) for minute, part in found.items()} == {
        START - MINUTE_NS: (1, 500),
        START: (1, 0),
    }


@pytest.mark.parametrize(
    ("times_s", "moving_ms"),
    [((0,), 1000), ((0, 0.1), 200), ((0, 9), 4000), ((0, 0.1, 0.2, 1.2), 1300), ((0, 0), 0)],
)
def test_result_speaks_until_the_next_but_not_for_long(times_s: tuple[float, ...], moving_ms: int) -> None:
    found = parts([(START + round(at_s * SECOND), seen()) for at_s in times_s])
    assert found[START].moving_ms == moving_ms


def test_mask_counts_and_not_the_boxes_around_it() -> None:
    mask = np.zeros((120, 160), bool)
    mask[60, 80] = True
    found = parts([(START, seen(boxes=[(0.0, 0.0, 1.0, 1.0)], mask=packed_mask(mask)))])
    assert found[START].cells == {cell(12, 16): 1000}


@pytest.mark.parametrize("shape", [(120, 160), (24, 32), (1, 1), (7, 500), (25, 33), (12, 16)])
def test_mask_of_any_size_covers_the_whole_grid(shape: tuple[int, int]) -> None:
    assert grid.cells_of_mask(np.ones(shape, bool)).tolist() == list(range(grid.ROWS * grid.COLUMNS))
    assert grid.cells_of_mask(np.zeros(shape, bool)).size == 0


@given(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 1), st.floats(0.001, 1)),
    st.sampled_from([(240, 320), (120, 160), (135, 240)]),
)
def test_box_covers_the_cells_of_the_mask_within_it(
    box: tuple[float, float, float, float], shape: tuple[int, int]
) -> None:
    rows, columns = shape
    top, left = int(box[1] * rows), int(box[0] * columns)
    mask = np.zeros(shape, bool)
    mask[top : top + int(box[3] * rows), left : left + int(box[2] * columns)] = True
    in_pixels = (left / columns, top / rows, int(box[2] * columns) / columns, int(box[3] * rows) / rows)
    assert set(grid.cells_of_mask(mask)) <= set(grid.cells_of_boxes([in_pixels]))


def test_box_beyond_the_picture_is_cut_off() -> None:
    assert grid.cells_of_boxes([(-0.5, -0.5, 0.51, 0.51)]).tolist() == [0]
    assert grid.cells_of_boxes([(1.2, 0.5, 0.1, 0.1)]).size == 0
