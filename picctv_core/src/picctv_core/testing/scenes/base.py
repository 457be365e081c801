"""What every scene is: pictures at times, with the truth of what is in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import av
from av.codec.context import Flags2

from picctv_core.frames import AnalysisFormat, Frame, VideoInfo
from picctv_core.sources.encode import KEY_INTERVAL_NS, Encoder
from picctv_core.sources.luma import luma_of
from picctv_core.sources.vectors import vectors_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from picctv_core.frames import AccessUnit, MotionVectors
    from picctv_core.sources.scenes import Box, Rendered

_NS = 1_000_000_000
_MICROSECOND = Fraction(1, 1_000_000)

START_NS = 1_767_225_600 * _NS
"""When scenes begin unless they are told another time: 1 January 2026, as a `FakeClock` does."""

SMALLEST = 16
"""The least width and height of a scene, pixels; those of an analysis stream."""


class Shot(NamedTuple):
    """One picture of a scene, and the truth about it.

    Attributes:
        frame: the picture as an analyzer gets it.
        boxes: what is to be seen, each with its rectangle in fractions of the picture and whether it moves now.
        moving: whether any of it moves now.
    """

    frame: Frame
    boxes: tuple[Box, ...]
    moving: bool


class Scene(ABC):
    """Synthetic video with known truth.

    The same name, size, rate and seed give the same pictures, each time and everywhere; going through a scene twice is
    fine. Nothing is kept: a scene costs the memory of one picture.

    Args:
        width: pixels, 16 or more, odd ones too; video has an even number, as 4:2:0 video must.
        height: pixels, likewise.
        rate: pictures a second.
        seed: chance; another one gives other people, drops and noise.
        start_ns: when the first picture is captured, UTC nanoseconds since the epoch.
        duration_s: how long to go on, in seconds; the scene's own length where not given.

    Attributes:
        name: what `scene` knows it by.
        changes_s: seconds at which the picture changes as a whole; an analyzer may need a moment to settle after them.

    Raises:
        ValueError: a number is out of range.
    """

    name: ClassVar[str]
    length_s: ClassVar[float]
    changes_s: ClassVar[tuple[float, ...]] = ()

    def __init__(
        self,
        width: int = 320,
        height: int = 240,
        rate: float = 10.0,
        *,
        seed: int = 1,
        start_ns: int = START_NS,
        duration_s: float | None = None,
    ) -> None:
        if min(width, height) < SMALLEST or rate <= 0:
            raise ValueError(f"a scene is at least {SMALLEST}x{SMALLEST}, and its rate more than 0")
        self.width, self.height, self.rate = width, height, rate
        self.seed = seed
        self.start_ns = start_ns
        self.duration_s = self.length_s if duration_s is None else duration_s
        self._columns, self._rows = width + width % 2, height + height % 2

    @property
    def analysis(self) -> AnalysisFormat:
        """Give the form of the frames."""
        return AnalysisFormat(self.width, self.height, self.rate)

    @property
    def video(self) -> VideoInfo:
        """Give the form of the video: the size of the frames, made even."""
        return VideoInfo(self._columns, self._rows, self.rate)

    def __len__(self) -> int:
        return max(1, round(self.duration_s * self.rate))

    def __iter__(self) -> Iterator[Shot]:
        for number in range(len(self)):
            yield self.shot(number)

    def shot(self, number: int) -> Shot:
        """Give one picture, by its number from 0, with its truth."""
        drawn = self._draw(number / self.rate, number)
        luma = luma_of(drawn.picture)[: self.height, : self.width]
        moving = any(box.moving for box in drawn.boxes)
        return Shot(Frame(luma, self._captured_at_ns(number), number), drawn.boxes, moving)

    def frames(self) -> Iterator[Frame]:
        """Give the pictures as an analyzer gets them: luma read-only, rows padded as in real video."""
        for shot in self:
            yield shot.frame

    def access_units(self) -> Iterator[AccessUnit]:
        """Give the pictures as H.264, a key unit at the start and every two seconds, with the frames' times."""
        encoder = Encoder(self._columns, self._rows, self.rate)
        for number in range(len(self)):
            drawn = self._draw(number / self.rate, number)
            yield from encoder.encode(drawn.picture, self._captured_at_ns(number))

    def motion_vectors(self) -> Iterator[MotionVectors]:
        """Give the motion vectors of the video that `access_units` gives, with the frames' times; key units have none."""
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        decoder.flags2 |= Flags2.export_mvs
        for number, unit in enumerate(self.access_units()):
            for picture in decoder.decode(av.Packet(unit.annexb)):
                if (vectors := vectors_of(picture, self._captured_at_ns(number))) is not None:
                    yield vectors

    def write(self, path: Path) -> None:
        """Write the scene as a video file; the name's ending says which kind: ``.mp4``, ``.mkv``, ``.ts``, ...

        Times in it begin at 0. The pictures are encoded in good quality, but not without loss.
        """
        keys_every = max(1, round(self.rate * KEY_INTERVAL_NS / _NS))
        options = {"preset": "veryfast", "crf": "18", "g": str(keys_every)}
        with av.open(path, "w") as container:
            stream = container.add_stream(
                "libx264", rate=Fraction(self.rate).limit_denominator(1001), options=options
            )
            stream.width, stream.height, stream.pix_fmt = self._columns, self._rows, "yuv420p"
            stream.codec_context.time_base = _MICROSECOND
            stream.codec_context.thread_count = 1
            for number in range(len(self)):
                picture = self._draw(number / self.rate, number).picture
                picture.pts, picture.time_base = round(number * 1_000_000 / self.rate), _MICROSECOND
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))

    def _captured_at_ns(self, number: int) -> int:
        return self.start_ns + round(number * _NS / self.rate)

    @abstractmethod
    def _draw(self, time_s: float, number: int) -> Rendered:
        """Draw the picture of a time: yuv420p, `_columns` x `_rows`, new memory each time; and its truth."""
