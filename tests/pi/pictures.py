"""Real H.264 for cameras that are none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from av.video.frame import VideoFrame

from picctv_core import h264
from picctv_core.sources.encode import Encoder


@dataclass(frozen=True)
class Encoded:
    """A picture as the encoder has it.

    Attributes:
        sets: SPS and PPS, as a byte stream; empty but for key pictures.
        slices: the picture itself.
    """

    sets: bytes
    slices: bytes

    @property
    def whole(self) -> bytes:
        return self.sets + self.slices


def encoded(count: int, width: int = 320, height: int = 240) -> list[Encoded]:
    """Encode pictures, 25 a second, the first and every fiftieth a key one."""
    encoder = Encoder(width, height, 25.0)
    found = []
    for number in range(count):
        luma = np.full((height * 3 // 2, width), 128, np.uint8)
        luma[:height] = (np.arange(width) + 5 * number) % 220
        [unit] = encoder.encode(VideoFrame.from_ndarray(luma, "yuv420p"), number * 40_000_000)
        units = list(h264.iterate_nal_units(unit.annexb))
        sets = [unit for unit in units if h264.nal_type(unit) in {h264.SPS, h264.PPS}]
        rest = [unit for unit in units if h264.nal_type(unit) not in {h264.SPS, h264.PPS}]
        found.append(Encoded(h264.to_annexb(sets), h264.to_annexb(rest)))
    return found
