"""Real video files, made by PyAV, and a sink that keeps what a source gives."""

from __future__ import annotations

import threading
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from picctv_core.clock import SystemClock
from picctv_core.frames import AnalysisFormat
from picctv_core.sources.video import VideoSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from picctv_core.frames import AccessUnit, Frame, MotionVectors, VideoInfo

MILLISECONDS = Fraction(1, 1000)


class Sink:
    """Keeps everything; `when` is called after each unit, and may set `stop`."""

    def __init__(self, when: Callable[[Sink], None] | None = None, *, wants_vectors: bool = False) -> None:
        self.wants_vectors = wants_vectors
        self.vectors: list[MotionVectors] = []
        self.infos: list[VideoInfo] = []
        self.frames: list[Frame] = []
        self.units: list[AccessUnit] = []
        self.stop = threading.Event()
        self._when = when

    def started(self, video: VideoInfo) -> None:
        """Keep the shape."""
        self.infos.append(video)

    def frame(self, frame: Frame) -> None:
        """Keep an analysis frame."""
        self.frames.append(frame)

    def access_unit(self, unit: AccessUnit) -> None:
        """Keep a unit."""
        self.units.append(unit)
        if self._when is not None:
            self._when(self)

    def motion_vectors(self, vectors: MotionVectors) -> None:
        """Keep motion vectors."""
        self.vectors.append(vectors)

    def times_ms(self) -> list[float]:
        """Give the units' capture times since the first unit's, in milliseconds."""
        return [(unit.captured_at_ns - self.units[0].captured_at_ns) / 1e6 for unit in self.units]


def stop_after(units: int) -> Sink:
    """Give a sink that stops its source after so many units."""
    return Sink(lambda sink: sink.stop.set() if len(sink.units) >= units else None)


def picture(number: int, width: int = 160, height: int = 120) -> av.VideoFrame:
    """Give a picture that differs with its number: a bright block wanders over a slope of grey."""
    luma = np.tile(np.linspace(40, 180, width, dtype=np.uint8), (height, 1))
    at = number * 7 % (width - 24)
    luma[20:60, at : at + 24] = 220
    chroma = np.full((height // 2, width), 128, np.uint8)
    chroma[:, : width // 4] = 100
    return av.VideoFrame.from_ndarray(np.vstack([luma, chroma.reshape(-1, width)]), format="yuv420p")


def write_video(
    path: Path,
    codec: str,
    times_ms: Sequence[int],
    *,
    size: tuple[int, int] = (160, 120),
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose pictures are at the given milliseconds, and give its path."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = (
            MILLISECONDS if path.suffix != ".avi" else Fraction(1, 25)
        )
        for number, at in enumerate(times_ms):
            frame = picture(number, *size)
            frame.time_base = MILLISECONDS
            frame.pts = at
            if path.suffix == ".avi":
                frame.time_base, frame.pts = Fraction(1, 25), number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def play(url: object, sink: Sink | None = None, analysis: str = "80x60@240", **settings: object) -> Sink:
    """Run a video source until it ends or its sink stops it, and give the sink."""
    sink = sink or Sink()
    made = VideoSource.Settings(url=str(url), **settings)
    VideoSource(made, AnalysisFormat.parse(analysis), SystemClock()).run(sink, sink.stop)
    return sink


def decode(units: Sequence[AccessUnit]) -> list[av.VideoFrame]:
    """Decode units with a decoder that knows nothing but them."""
    decoder = av.CodecContext.create("h264", "r")
    frames = []
    for unit in units:
        frames += decoder.decode(av.Packet(unit.annexb))
    return frames + decoder.decode(None)


def encoded(path: Path, **options: Any) -> list[AccessUnit]:
    """Give two seconds of H.264 at 25 pictures a second with a key picture every 0.4 s, by way of a file."""
    every_40_ms = range(0, 2000, 40)
    return play(
        write_video(path, "libx264", every_40_ms, options={"bf": "0", "g": "10"}, **options), paced=False
    ).units
