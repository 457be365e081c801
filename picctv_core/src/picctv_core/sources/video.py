"""The source driver ``video``: files, network cameras and V4L2 devices, through PyAV (FFmpeg).

- A file is played as if it were a camera: at its own speed, once or over and over.
- A network camera is any address that FFmpeg reads; ``rtsp://`` is the usual one.
- A V4L2 device (``/dev/video0``: USB cameras, capture cards) is read in the format that it offers. This
  way is covered by tests only up to the opening of the device, for want of one on the machines that test.

A stream that is H.264 already is passed on as it is, unit by unit; anything else is encoded once.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal

import av
from pydantic import Field, ValidationInfo, field_validator

from picctv_core.config import Settings
from picctv_core.errors import SourceError
from picctv_core.redact import redact_url
from picctv_core.sources.encode import Preset, Quality
from picctv_core.sources.luma import AnalysisTap
from picctv_core.sources.opening import describe, kind_of, open_video
from picctv_core.sources.reader import LiveReader
from picctv_core.sources.streams import StreamHandler
from picctv_core.sources.timing import NS_PER_S, FileTimeline, LiveTimeline, backfilled, to_ns

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from av.packet import Packet
    from av.video.stream import VideoStream

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat
    from picctv_core.sources.base import Sink

_NS_PER_US = 1000
_WALLCLOCK_BYTES = 8
_FALLBACK_TIME_BASE = Fraction(1, 90_000)


class VideoSettings(Settings):
    """What to read, and how to encode it where it is not H.264."""

    url: str = Field(
        min_length=1,
        description="A video file's path, a network camera's address (rtsp://user:password@host/path), or a "
        "V4L2 device (/dev/video0).",
    )
    paced: bool | None = Field(
        default=None,
        description="Play a file at its own speed; false plays it as fast as it can be read. Means nothing for "
        "live cameras. Without it: true.",
    )
    loop: bool = Field(default=False, description="Begin a file again when it is over.")
    transport: Literal["tcp", "udp"] = Field(
        default="tcp", description="How an RTSP camera sends; tcp loses no packets."
    )
    input_format: str | None = Field(
        default=None,
        description="A V4L2 device's format: h264, mjpeg, yuyv422, ... Without it: the device's own choice.",
    )
    size: str | None = Field(
        default=None,
        pattern=r"^\d+x\d+$",
        description="A V4L2 device's picture size in pixels, such as 1280x720. Without it: the device's own choice.",
    )
    rate: float | None = Field(
        default=None,
        gt=0,
        le=240,
        description="A V4L2 device's pictures a second. Without it: the device's own choice.",
    )
    preset: Preset = Field(
        default="ultrafast",
        description="For what is not H.264: x264's preset; slower ones take more CPU and give less data.",
    )
    quality: Quality = Field(
        default=23,
        description="For what is not H.264: x264's constant rate factor, from 10 (large, good) to 45 (small, bad).",
    )
    bitrate: int | None = Field(
        default=None,
        ge=50,
        le=100_000,
        description="For what is not H.264: at most so many kilobits a second.",
    )

    @field_validator("url")
    @classmethod
    def _from_the_files_folder(cls, url: str, info: ValidationInfo) -> str:
        """Begin a relative path at the folder of the settings file that it stands in."""
        if info.context is None or kind_of(url) != "file":
            return url
        return str(info.context["folder"] / url)


class VideoSource:
    """One camera, read through PyAV."""

    Settings: ClassVar[type[VideoSettings]] = VideoSettings

    def __init__(self, settings: VideoSettings, analysis: AnalysisFormat, clock: Clock) -> None:
        """Keep the settings; open nothing yet."""
        self._settings = settings
        self._clock = clock
        self._tap = AnalysisTap(analysis)

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Read the camera until `stop` is set, and give everything to `sink`.

        Returns when stopped, or when a file that does not loop is over.

        Raises:
            SourceError: it can't be opened or read (any more). A live camera's end is an error too.
        """
        handler = StreamHandler(self._settings, self._tap, sink)
        if kind_of(self._settings.url) == "file":
            self._play_file(handler, stop)
        else:
            self._read_live(handler, stop)

    def _play_file(self, handler: StreamHandler, stop: threading.Event) -> None:
        timeline: FileTimeline | None = None
        pacer = _Pacer(self._clock, stop)
        while not stop.is_set():
            opened = open_video(self._settings)
            with opened.container:
                if timeline is None:
                    interval_ns = round(NS_PER_S / opened.rate)
                    timeline = FileTimeline(self._clock.now_ns(), interval_ns)
                else:
                    timeline.begin_again()
                handler.begin(opened)
                try:
                    given = self._play_once(
                        opened.container.demux(opened.stream), timeline, handler, pacer, stop
                    )
                except (av.error.FFmpegError, ValueError) as error:
                    raise describe(self._settings.url, error, doing="read") from None
            if not given and not stop.is_set():
                msg = f"{self._settings.url} has no pictures in it; check the path"
                raise SourceError(msg, retry=False)
            if not self._settings.loop:
                return

    def _play_once(
        self,
        packets: Iterable[Packet[VideoStream]],
        timeline: FileTimeline,
        handler: StreamHandler,
        pacer: _Pacer,
        stop: threading.Event,
    ) -> int:
        given = 0
        for packet in packets:
            if stop.is_set():
                return given
            if not packet.size:
                continue
            time_base = packet.time_base or _FALLBACK_TIME_BASE
            media_ns = media_time_ns(packet)
            captured = timeline.captured_at(media_ns, to_ns(packet.duration or 0, time_base))
            if self._settings.paced is not False:
                decode_ns = None if packet.dts is None else to_ns(packet.dts, time_base)
                delay = None if media_ns is None or decode_ns is None else captured - media_ns + decode_ns
                if not pacer.wait(captured, delay):
                    return given
            handler.packet(packet, captured)
            given += 1
        handler.end()
        return given

    def _read_live(self, handler: StreamHandler, stop: threading.Event) -> None:
        reader = LiveReader(self._settings, self._clock, stop)
        timeline = LiveTimeline()
        try:
            opened = reader.opened()
            if opened is None:
                return
            handler.begin(opened)
            first = reader.burst()
            times = backfilled([media_time_ns(packet) for packet, _ in first], round(NS_PER_S / opened.rate))
            if first:
                timeline.begin([at for at in times if at is not None], first[-1][1])
            rest = ((packet, arrived_ns, media_time_ns(packet)) for packet, arrived_ns in reader.packets())
            burst = ((packet, arrived_ns, at) for (packet, arrived_ns), at in zip(first, times, strict=True))
            for packet, arrived_ns, media_ns in itertools.chain(burst, rest):
                if stop.is_set():
                    return
                handler.packet(packet, timeline.captured_at(media_ns, arrived_ns, wall_clock_ns(packet)))
        except av.error.FFmpegError as error:
            raise describe(self._settings.url, error, doing="read") from None
        finally:
            reader.leave()
        if not stop.is_set():
            msg = f"{redact_url(self._settings.url)} has ended its stream; check that the camera is on and in reach"
            raise SourceError(msg)


class _Pacer:
    """Holds the packets of a file back until their time has come."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self._clock = clock
        self._stop = stop
        self._reorder_ns = 0

    def wait(self, captured_ns: int, decode_ns: int | None) -> bool:
        """Wait for a packet's turn; say whether it came, or the stop.

        A packet goes out when its decoding time has come, which is even, plus the longest that any picture is
        shown after it is decoded: thus none goes out before its capture, and B-frames don't come in bursts.
        """
        due_ns = captured_ns
        if decode_ns is not None:
            self._reorder_ns = max(self._reorder_ns, captured_ns - decode_ns)
            due_ns = decode_ns + self._reorder_ns
        left_ns = due_ns - self._clock.now_ns()
        return not self._stop.wait(left_ns / NS_PER_S) if left_ns > 0 else not self._stop.is_set()


def media_time_ns(packet: Packet[VideoStream]) -> int | None:
    """Give a packet's presentation time in its stream, nanoseconds; None where it has none."""
    return None if packet.pts is None else to_ns(packet.pts, packet.time_base or _FALLBACK_TIME_BASE)


def wall_clock_ns(packet: Packet[VideoStream]) -> int | None:
    """Give the camera's own time of a packet, UTC nanoseconds, from side data ``prft``; None where it has none."""
    if not packet.has_sidedata("prft"):
        return None
    # AVProducerReferenceTime begins with the wall clock, a native int64 in microseconds since the epoch.
    data = bytes(packet.get_sidedata("prft"))
    return int.from_bytes(data[:_WALLCLOCK_BYTES], "little", signed=True) * _NS_PER_US
