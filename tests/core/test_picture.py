"""JPEGs of key units and frames: the right size, the right colours."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from picctv_core.errors import CodecError
from picctv_core.picture import jpeg_of_frame, jpeg_of_key_unit
from picctv_core.sources.encode import Encoder


def colours(jpeg: bytes) -> np.ndarray:
    """Give a JPEG as (rows, columns, 3) red, green, blue."""
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)


def flat(
    y: int, u: int, v: int, size: tuple[int, int] = (320, 240), *, full_range: bool = False
) -> av.VideoFrame:
    """Give a frame of one colour."""
    width, height = size
    planes = np.vstack(
        [
            np.full((height, width), y, np.uint8),
            np.full((height // 4, width), u, np.uint8),
            np.full((height // 4, width), v, np.uint8),
        ]
    )
    frame = av.VideoFrame.from_ndarray(planes, format="yuvj420p" if full_range else "yuv420p")
    frame.color_range = 2 if full_range else 1
    return frame


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (flat(235, 128, 128), (255, 255, 255)),
        (flat(16, 128, 128), (0, 0, 0)),
        (flat(235, 128, 128, full_range=True), (235, 235, 235)),
        (flat(81, 90, 240), (255, 0, 0)),
        (flat(63, 102, 240, size=(1280, 720)), (255, 0, 0)),  # BT.709, as unmarked HD is
    ],
    ids=["white", "black", "full-range", "red-601", "red-709"],
)  # fmt: skip
def test_jpeg_keeps_the_colours(frame: av.VideoFrame, expected: tuple[int, int, int]) -> None:
    shown = colours(jpeg_of_frame(frame)).mean((0, 1))
    assert np.abs(shown - expected).max() <= 4


@pytest.mark.parametrize("full_range", [False, True])
def test_jpeg_of_key_unit_keeps_the_range_through_the_encoder(full_range: bool) -> None:
    frame = flat(40, 128, 128, full_range=full_range)
    (unit,) = Encoder(320, 240, 10).encode(frame, 0)
    expected = 40 if full_range else (40 - 16) * 255 / 219
    assert abs(colours(jpeg_of_key_unit(unit.annexb)).mean() - expected) <= 2


def test_jpeg_is_scaled_down_in_shape_and_never_up() -> None:
    assert colours(jpeg_of_frame(flat(90, 128, 128, (1280, 720)), max_width=640)).shape == (360, 640, 3)
    assert colours(jpeg_of_frame(flat(90, 128, 128), max_width=640)).shape == (240, 320, 3)


def test_jpeg_quality_changes_its_size() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 320), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, format="yuv420p")
    sizes = [len(jpeg_of_frame(frame, quality=quality)) for quality in (10, 50, 80, 100)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x00\x00\x01", b"nonsense" * 100, b"\x00\x00\x00\x01\x65\x88\x84\x21"]
)
def test_jpeg_of_key_unit_says_what_is_wrong(data: bytes) -> None:
    with pytest.raises(CodecError, match=f"the video unit of {len(data)} bytes"):
        jpeg_of_key_unit(data)
