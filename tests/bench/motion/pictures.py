"""The pictures that every detector of the benchmark is given: the same ones, decoded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import av

from picctv_core.frames import AnalysisFormat
from picctv_core.sources.luma import AnalysisTap, luma_of
from picctv_core.testing import START_NS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    from av.video.frame import VideoFrame

    Bytes = npt.NDArray[np.uint8]

SECOND_NS = 1_000_000_000
NODE = AnalysisFormat(320, 240, 10.0)
"""What a node gives to its analyzers unless it is told otherwise."""


@dataclass
class Picture:
    """One picture, for detectors that look at brightness and for those that look at colours.

    Attributes:
        number: of the frame in its file or scene, from 0.
        captured_at_ns: UTC nanoseconds since the epoch.
        luma: (rows, columns) uint8, read-only; rows may be padded.
    """

    number: int
    captured_at_ns: int
    luma: Bytes
    _decoded: VideoFrame

    @cached_property
    def colours(self) -> Bytes:
        """Give the picture as OpenCV wants it: (rows, columns, 3) uint8, blue, green, red; made once, when asked for."""
        rows, columns = self.luma.shape
        bgr: Any = self._decoded.reformat(columns, rows, "bgr24", interpolation="AREA").to_ndarray()
        found: Bytes = bgr
        return found


class Feed:
    """Makes pictures of decoded frames: as they are, or as a node gives them to its analyzers.

    Args:
        as_node: scaled to 320x240 and at most ten a second, by the node's own code.
    """

    def __init__(self, *, as_node: bool) -> None:
        self._tap = AnalysisTap(NODE) if as_node else None

    def take(self, decoded: VideoFrame, number: int, captured_at_ns: int) -> Picture | None:
        """Give the picture of a frame; None where this feed leaves it out."""
        if self._tap is None:
            return Picture(number, captured_at_ns, luma_of(decoded), decoded)
        frame = self._tap.take(decoded, captured_at_ns)
        return None if frame is None else Picture(number, captured_at_ns, frame.luma, decoded)


def decoded(path: Path) -> Iterator[tuple[int, int, VideoFrame]]:
    """Decode a file: each frame's number from 0, the time by the file's average rate (ns), and the frame."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        rate = rate_of(stream)
        for number, frame in enumerate(container.decode(stream)):
            yield number, START_NS + round(number * SECOND_NS / rate), frame


def rate_of(stream: Any) -> float:
    """Give the frames a second of a stream."""
    assert stream.average_rate is not None
    return float(stream.average_rate)


def length_of(path: Path) -> tuple[float, int]:
    """Give a file's frames a second, and how many frames it has."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        return rate_of(stream), sum(1 for packet in container.demux(stream) if packet.size)
