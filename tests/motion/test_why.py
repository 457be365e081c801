"""What the overlay of a clip is fed with: pieces of it, and masks as run lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from picctv_core.messages import RESULTS
from picctv_plugins_motion import why
from picctv_server.models import Clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.messages import Message
    from picctv_server.store import Store

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND + 123_456_789


def clip(seconds: float) -> Clip:
    return Clip(
        id="c", camera="garage/door", started_at_ns=START, ended_at_ns=START + round(seconds * SECOND)
    )


@given(of_numpy.arrays(bool, of_numpy.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_run_lengths_are_the_mask(mask: np.ndarray) -> None:
    runs = why.run_lengths(mask)
    assert np.array_equal(np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(mask.shape), mask)
    assert all(run > 0 for run in runs[1:])


@given(st.floats(0.001, 100_000))
def test_last_piece_has_the_end_of_the_clip(seconds: float) -> None:
    pages = why.pages(clip(seconds))
    assert (pages - 1) * why.PAGE_S < seconds + 1e-9 <= pages * why.PAGE_S + 1e-8


def test_long_clip_comes_in_pieces_that_have_each_frame_once(
    picctv_store: Store, picctv_message: Callable[..., Message]
) -> None:
    items: list[list[Any]] = [
        [
            START + index * SECOND // 2,
            {"triggered": True, "score": index / 1000, "boxes": [[0, 0, 0.123456, 1]]},
        ]
        for index in range(-4, 160)
    ]
    # Of another plugin of this name, perhaps.
    items += [[START + SECOND // 4, ["?"]], [START + SECOND // 3, {"triggered": "perhaps"}]]
    picctv_store.add_results(
        picctv_message(RESULTS, {"items": items}, plugin="motion", node="garage", camera="door")
    )
    subject = clip(70)
    pages = [why.page(subject, number) for number in range(why.pages(subject))]
    assert [len(page["frames"]) for page in pages] == [60, 60, 20]
    frames = [frame for page in pages for frame in page["frames"]]
    assert [frame[0] for frame in frames] == [index / 2 for index in range(140)]
    assert frames[1] == [0.5, 1, 0.001, None, [[0.0, 0.0, 0.1235, 1.0]], [], [], None]


@pytest.mark.parametrize(("ids", "given"), [([4, 5], [4, 5]), ([4], []), ([], [])])
def test_ids_are_given_only_where_they_are_those_of_the_boxes(
    picctv_store: Store, picctv_message: Callable[..., Message], ids: list[int], given: list[int]
) -> None:
    said = {"triggered": True, "boxes": [[0, 0, 1, 1], [0, 0, 0.5, 0.5]], "ids": ids, "zones": ["b", "a"]}
    picctv_store.add_results(
        picctv_message(RESULTS, {"items": [[START, said]]}, plugin="motion", node="garage", camera="door")
    )
    page = why.page(clip(1), 0)
    assert (page["frames"][0][5:7], page["names"]) == ([given, [0, 1]], ["b", "a"])
