"""Masks as results carry them."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from picctv_core import codec, typed
from picctv_plugins_motion.analyzer import MotionResult
from picctv_plugins_motion.masks import MAX_SIDE, packed_mask, unpacked_mask

GOOD = packed_mask(np.eye(30, 40, dtype=bool))


@given(arrays(bool, st.tuples(st.integers(1, 60), st.integers(1, 60))))
def test_mask_comes_back_as_it_was(mask: np.ndarray) -> None:
    packed = codec.unpack(codec.pack(packed_mask(mask)))
    assert np.array_equal(unpacked_mask(packed), mask)
    result = {"triggered": True, "score": 0.5, "area": 0.1, "boxes": [], "mask": packed}
    assert typed.plain(MotionResult, result)["mask"] == packed


def test_mask_of_one_thing_is_small() -> None:
    mask = np.zeros((120, 160), bool)
    mask[40:80, 60:75] = True
    assert len(packed_mask(mask)["bits"]) < 100


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        ({}, "no packed mask: rows: Field required"),
        ({**GOOD, "rows": 0}, "no packed mask: rows: Input should be greater"),
        ({**GOOD, "rows": True}, "no packed mask: rows: Input should be a valid integer"),
        ({**GOOD, "columns": MAX_SIDE + 1}, "no packed mask: columns: Input should be less"),
        ({**GOOD, "bits": "text"}, "no packed mask: bits: Input should be a valid bytes"),
        ({**GOOD, "bits": b"\0\1\2"}, "can't be read"),
        ({**GOOD, "bits": GOOD["bits"][:-5]}, "not those of 30x40 cells"),
        ({**GOOD, "rows": 31}, "not those of 31x40 cells"),
        ({**GOOD, "bits": zlib.compress(bytes(10**7))}, "not those of 30x40 cells"),
    ],
)
def test_what_is_no_packed_mask_is_refused(packed: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        unpacked_mask(packed)
