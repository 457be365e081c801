"""Pictures made smaller: what comes out has the right size, is where it was, and is the mean of much of what went in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picctv_plugins_motion.shrink import WIDEST, Shrinker

if TYPE_CHECKING:
    import numpy.typing as npt

SIZES = [
    (1080, 1920),
    (1081, 1923),
    (1296, 2304),
    (1440, 2560),
    (2160, 3840),
    (1944, 2592),
    (720, 1280),
    (576, 704),
    (480, 640),
    (240, 320),
    (16, 16),
]


def shrunk(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    shrinker = Shrinker(picture.shape)
    into = np.empty(shrinker.shape, np.uint8)
    shrinker.shrink(picture, into)
    return into


def padded(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The same picture, with rows that are longer in memory."""
    return np.pad(picture, ((0, 0), (0, 40)), constant_values=255)[:, :-40]


@pytest.mark.parametrize("size", SIZES)
def test_a_slope_stays_where_it_is(size: tuple[int, int]) -> None:
    rows, columns = size
    across = np.linspace(0, 255, columns, endpoint=False) + 255 / columns / 2
    down = np.linspace(0, 255, rows, endpoint=False) + 255 / rows / 2
    for slope in (np.tile(across, (rows, 1)), np.tile(down[:, None], (1, columns))):
        small = shrunk(padded(np.round(slope).astype(np.uint8)))
        assert small.shape[1] <= WIDEST
        # Where a pixel of the smaller picture lies in the larger one, its centre to the centre.
        along = (
            np.arange(small.shape[0])[:, None] if slope[0, 0] == slope[0, -1] else np.arange(small.shape[1])
        )
        wanted = 255 * (along + 0.5) / (small.shape[0] if along.ndim == 2 else small.shape[1])
        assert np.abs(small - wanted)[2:-2, 2:-2].max() <= 1.2


@pytest.mark.parametrize("size", SIZES)
def test_noise_becomes_less(size: tuple[int, int]) -> None:
    noisy = np.clip(np.random.default_rng(1).normal(128, 12, size), 0, 255).astype(np.uint8)
    small = shrunk(noisy)
    read = min(4, noisy.size / small.size)  # where there are four pixels for one, four are read at least
    assert small.std() <= 12 / read**0.5 + 0.5
    assert abs(float(small.mean()) - float(noisy.mean())) < 1


@settings(deadline=None, max_examples=60)
@given(st.integers(16, 900), st.integers(16, 2400), st.integers(0, 255))
def test_a_plain_picture_of_any_size_stays_plain(rows: int, columns: int, value: int) -> None:
    picture = np.full((rows, columns), value, np.uint8)
    small = shrunk(padded(picture))
    assert small.shape[0] % 2 == small.shape[1] % 2 == 0
    assert min(small.shape) >= 16 or min(small.shape) >= min(rows, columns) - 1
    assert small.min() == small.max() == value
