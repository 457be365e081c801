"""Real H.264, and a live server that stops by itself."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from picctv_core.frames import AccessUnit
from picctv_core.testing import FakeClock
from picctv_plugins_live.broadcaster import Broadcaster
from picctv_plugins_live.settings import LiveSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECOND = 1_000_000_000


def encode(pictures: int, group: int = 10, size: tuple[int, int] = (160, 120)) -> list[AccessUnit]:
    """Encode pictures with noise, ten a second."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 10), Fraction(10)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "g": str(group),
        "x264-params": "scenecut=0",
    }
    random = np.random.default_rng(1)
    units = []
    for index in range(pictures):
        picture = random.integers(0, 255, (size[1], size[0]), np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
        frame.pts = index
        units += [
            AccessUnit(index * SECOND // 10, packet.is_keyframe, bytes(packet))
            for packet in encoder.encode(frame)
        ]
    return units


@pytest.fixture(scope="session")
def units() -> list[AccessUnit]:
    """Give 40 pictures, a key unit at 0, 10, 20 and 30."""
    return encode(40)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Callable[..., Broadcaster]]:
    """Give a function that starts a server with some settings; it is stopped at the end."""
    started = []

    def start(**settings: object) -> Broadcaster:
        broadcaster = Broadcaster(LiveSettings.model_validate(settings), "garage/door", clock)
        broadcaster.start()
        started.append(broadcaster)
        return broadcaster

    yield start
    for broadcaster in started:
        broadcaster.stop()
