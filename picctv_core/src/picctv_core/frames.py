"""What a camera gives: frames for analysis, access units for video, and motion vectors where its encoder tells them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_ANALYSIS = re.compile(r"(?P<width>\d+)x(?P<height>\d+)@(?P<rate>\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a camera's analysis stream.

    Attributes:
        luma: (rows, columns) uint8, 0 to 255, read-only. Rows may be padded: `strides[0]` can be
            larger than the number of columns. It may be kept as long as needed: it holds on to its memory.
        captured_at_ns: when it was captured, UTC nanoseconds since the epoch.
        sequence: counts the camera's analysis frames from 0 since the node started; a hole is a dropped frame.
    """

    luma: npt.NDArray[np.uint8]
    captured_at_ns: int
    sequence: int


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One encoded H.264 picture of a camera's video stream.

    Units come in decoding order. With B-frames, `captured_at_ns` is therefore not always rising from one
    unit to the next; between key units it is.

    Attributes:
        captured_at_ns: when the picture was captured, UTC nanoseconds since the epoch.
        is_key: whether it is an IDR picture; then `annexb` begins with its SPS and PPS, so that
            decoding can begin here without anything that came before.
        annexb: the picture as an H.264 byte stream with start codes (ITU-T H.264, annex B).
    """

    captured_at_ns: int
    is_key: bool
    annexb: bytes


@dataclass(frozen=True, slots=True)
class EndedEvent:
    """A stretch of time in which an analyzer was triggered, and which is over.

    Attributes:
        event_id: unique over all nodes and all time.
        started_at_ns: capture time of the first frame that triggered.
        ended_at_ns: capture time of the last one.
        peak_at_ns: capture time of the frame with the highest score; of the first one where no result has a score.
        peak_score: that score; None where no result has one.
    """

    event_id: str
    started_at_ns: int
    ended_at_ns: int
    peak_at_ns: int
    peak_score: float | None


@dataclass(frozen=True, slots=True)
class MotionVectors:
    """Where the encoder found each block of one picture in the picture that it was predicted from.

    The picture is cut into macroblocks of 16x16 pixels of the video stream, from its upper left corner on; at the right and
    at the bottom they may reach beyond it. So there are ``(height + 15) // 16`` rows and ``(width + 15) // 16`` columns.

    A vector points from the block to the place that it came from. Of a thing that has moved right by five pixels `x` is -5,
    of one that has moved down by five `y` is -5. The picture predicted from is mostly the one before, in video with
    B-frames or several references it can be an earlier one. Encoders look for what costs the fewest bits, not for what has
    really moved: in even areas and in noise vectors point anywhere.

    Pictures that are predicted from none, such as key pictures, have no motion vectors at all.

    Attributes:
        captured_at_ns: when the picture was captured, UTC nanoseconds since the epoch; that of its access unit.
        x: (rows, columns) int8, whole pixels to the right, -128 to 127; what is beyond is clipped. Read-only; it may be
            kept, and its rows may be padded.
        y: the same, pixels down.
        sad: (rows, columns) uint16, by how much the block differs from where it came from: the sum of the absolute
            differences of its 256 pixels. Read-only. None where the encoder does not tell.
        predicted: (rows, columns) bool, whether the block was predicted from an earlier picture at all; where it was
            not, `x` and `y` are 0. Read-only. None where the encoder does not tell: then take it that all were.
    """

    captured_at_ns: int
    x: npt.NDArray[np.int8]
    y: npt.NDArray[np.int8]
    sad: npt.NDArray[np.uint16] | None = None
    predicted: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The shape of a camera's video stream.

    Attributes:
        width: columns of the picture.
        height: rows of the picture.
        rate: nominal pictures a second; capture times are exact, this is not.
    """

    width: int
    height: int
    rate: float


@dataclass(frozen=True, slots=True)
class AnalysisFormat:
    """The size and the rate of a camera's analysis stream, written ``320x240@10``.

    Attributes:
        width: columns of a frame.
        height: rows of a frame.
        rate: frames a second at the most; a slower camera gives fewer.
    """

    width: int
    height: int
    rate: float

    @classmethod
    def parse(cls, text: str) -> AnalysisFormat:
        """Read ``WIDTHxHEIGHT@RATE``.

        Raises:
            ValueError: the text is not of this form, or a number is out of range.
        """
        match = _ANALYSIS.fullmatch(text.strip())
        if match is None:
            msg = f"{text!r} is not of the form WIDTHxHEIGHT@RATE, for example 320x240@10"
            raise ValueError(msg)
        form = cls(int(match["width"]), int(match["height"]), float(match["rate"]))
        if not (16 <= form.width <= 4096 and 16 <= form.height <= 4096 and 0 < form.rate <= 240):
            msg = f"{text!r}: width and height go from 16 to 4096, the rate from above 0 to 240"
            raise ValueError(msg)
        return form

    def __str__(self) -> str:
        """Give the form that `parse` reads."""
        return f"{self.width}x{self.height}@{self.rate:g}"


@dataclass(frozen=True, slots=True)
class Result:
    """What an analyzer said about one frame, as the camera's other plugins hear it.

    Attributes:
        camera: the camera's id, ``node/camera``.
        plugin: who said it.
        captured_at_ns: the frame's capture time.
        data: any plain Python data, numpy arrays included.
    """

    camera: str
    plugin: str
    captured_at_ns: int
    data: Any

    @property
    def triggered(self) -> bool | None:
        """Say whether the analyzer is triggered; None where its results are no triggers.

        A result is marked as a trigger by being a dict with a boolean under ``"triggered"``.
        """
        if isinstance(self.data, dict) and isinstance(value := self.data.get("triggered"), bool):
            return value
        return None
