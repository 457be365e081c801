"""Encoding pictures to H.264, for cameras that don't do it themselves."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Literal

import av
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
from pydantic import Field

from picctv_core.picture import color_range_of
from picctv_core.sources.units import UnitMaker

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

    from picctv_core.frames import AccessUnit

Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"]
Quality = Annotated[int, Field(ge=10, le=45)]

KEY_INTERVAL_NS = 2_000_000_000
_TIME_BASE = Fraction(1, 1_000_000)
_NS_PER_US = 1000
# Key pictures are asked for by time, so that a slow or uneven camera has them as often as a fast one.
# This bound in pictures is only there because x264 needs one, and is never reached.
_MAX_PICTURES_BETWEEN_KEYS = 10_000
_NATIVE = ("yuv420p", "yuvj420p")


class Encoder:
    """libx264, without delay: each picture in gives its unit out at once.

    A picture of 768x576 costs 2.5 ms of one core with ``ultrafast``, 4 ms with ``superfast``, 5 ms with
    ``veryfast``; the units get smaller by a quarter with each step (measured on real footage).
    """

    def __init__(
        self,
        width: int,
        height: int,
        rate: float,
        *,
        preset: Preset = "ultrafast",
        quality: int = 23,
        bitrate_kbps: int | None = None,
    ) -> None:
        """Keep the wishes; the codec is opened by the first picture, whose colours it takes on.

        Args:
            width: pixels; of an odd width, one column is scaled away, since 4:2:0 video has none.
            height: pixels, likewise.
            rate: nominal pictures a second.
            preset: x264's balance between CPU and size.
            quality: x264's constant rate factor, 10 (large, good) to 45 (small, bad).
            bitrate_kbps: bounds the rate in kilobits a second, within a second's buffer; None for no bound.
        """
        self.width = max(2, width & ~1)
        self.height = max(2, height & ~1)
        self._rate = Fraction(rate).limit_denominator(1001)
        self._options = {"preset": preset, "tune": "zerolatency", "crf": str(quality), "forced-idr": "1"}
        if bitrate_kbps is not None:
            self._options |= {"maxrate": f"{bitrate_kbps}k", "bufsize": f"{bitrate_kbps}k"}
        self._codec: VideoCodecContext | None = None
        self._reformatter = VideoReformatter()
        self._units_of = UnitMaker()
        self._first_ns = 0
        self._last_pts = -1
        self._key_due_ns = 0
        self._captured_at: dict[int, int] = {}

    def encode(self, frame: VideoFrame, captured_at_ns: int) -> list[AccessUnit]:
        """Encode one picture.

        Args:
            frame: in any format and size; its pts, time base and picture type are overwritten.
            captured_at_ns: UTC nanoseconds; must rise from call to call.

        Returns:
            Its unit; the list is there because codecs may hold pictures back, which this one does not.
        """
        picture = self._fitted(frame)
        if self._codec is None:
            self._codec = self._opened(picture)
            self._first_ns = self._key_due_ns = captured_at_ns
        pts = max(self._last_pts + 1, (captured_at_ns - self._first_ns) // _NS_PER_US)
        self._last_pts = pts
        self._captured_at[pts] = captured_at_ns
        picture.pts, picture.time_base = pts, _TIME_BASE
        # A decoded picture still has the type that it had in its old stream, and x264 would follow it.
        picture.pict_type = PictureType.NONE
        if captured_at_ns >= self._key_due_ns:
            picture.pict_type = PictureType.I
            self._key_due_ns = captured_at_ns + KEY_INTERVAL_NS
        return self._units(self._codec.encode(picture))

    def _fitted(self, frame: VideoFrame) -> VideoFrame:
        """Give the frame in a format that x264 takes, its range of values kept."""
        if frame.format.name in _NATIVE and (frame.width, frame.height) == (self.width, self.height):
            return frame
        color_range = color_range_of(frame)
        return self._reformatter.reformat(
            frame,
            self.width,
            self.height,
            "yuv420p",
            interpolation="BILINEAR",
            src_color_range=color_range,
            dst_color_range=color_range,
            threads=1,
        )

    def _opened(self, picture: VideoFrame) -> VideoCodecContext:
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height = self.width, self.height
        codec.pix_fmt = picture.format.name
        codec.color_range = color_range_of(picture)
        codec.colorspace = picture.colorspace
        codec.color_primaries = picture.color_primaries
        codec.color_trc = picture.color_trc
        codec.time_base = _TIME_BASE
        codec.framerate = self._rate
        codec.gop_size = _MAX_PICTURES_BETWEEN_KEYS
        codec.thread_count = 1
        codec.options = dict(self._options)
        codec.open()
        return codec

    def _units(self, packets: list[av.Packet[Any]]) -> list[AccessUnit]:
        units = []
        for packet in packets:
            assert packet.pts is not None, "the encoder gives back the pts that it was given"
            units.append(self._units_of.make(bytes(packet), self._captured_at.pop(packet.pts)))
        return units
