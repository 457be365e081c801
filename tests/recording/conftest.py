"""Real H.264 for the tests of recording, made by libx264."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from picctv_core.frames import AccessUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECOND = 1_000_000_000
START_NS = 1_767_225_600 * SECOND + 123_456_789


def encode(
    times_ns: Sequence[int], *, group: int = 10, b_frames: int = 0, width: int = 160, height: int = 120
) -> list[AccessUnit]:
    """Encode one picture for each time; picture `n` has a bright bar at column `4 n`."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 1_000_000)
    encoder.framerate = Fraction(10)
    encoder.thread_count = 1
    encoder.options = {
        "preset": "veryfast",
        "x264-params": f"keyint={group}:min-keyint={group}:scenecut=0:bframes={b_frames}:b-adapt=0:repeat-headers=1",
    }
    packets = []
    for index in range(len(times_ns)):
        picture = np.full((height, width), 60, np.uint8)
        picture[:, 4 * index % width : 4 * index % width + 4] = 220
        frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
        # The encoder only gets numbers, so that no rounding of its own comes in.
        frame.pts, frame.time_base = index * 100_000, encoder.time_base
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [
        AccessUnit(times_ns[round((packet.pts or 0) / 100_000)], packet.is_keyframe, bytes(packet))
        for packet in packets
    ]


@pytest.fixture(scope="session")
def video() -> Callable[..., list[AccessUnit]]:
    """Give `encode`: a picture for each of some capture times, as access units."""
    return encode


@pytest.fixture
def steady() -> Callable[..., list[AccessUnit]]:
    """Give a function that makes `seconds` of video at ten pictures a second, a key unit each second."""

    def make(seconds: float, **options: int) -> list[AccessUnit]:
        return encode([START_NS + index * SECOND // 10 for index in range(round(seconds * 10))], **options)

    return make
