"""The source driver ``video``: files, network cameras and V4L2 devices, through PyAV (FFmpeg).

- A file is played as if it were a camera: at its own speed, once or over and over.
- A network camera is any address that FFmpeg reads; ``rtsp://`` is the usual one.
- A V4L2 device (``/dev/video0``: USB cameras, capture cards) is read in the format that it offers. This
  way is covered by tests only up to the opening of the device, for want of one on the machines that test.

A stream that is H.264 already is passed on as it is, unit by unit; anything else is encoded once.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, ClassVar, Literal

import av
from pydantic import Field, ValidationInfo, field_validator

from picctv_core.config import Settings
from picctv_core.errors import SourceError
from picctv_core.redact import redact_url
from picctv_core.sources.encode import Preset, Quality
from picctv_core.sources.luma import AnalysisTap
from picctv_core.sources.opening import describe, kind_of, open_video
from picctv_core.sources.playing import Pacer, media_time_ns, play_once
from picctv_core.sources.reader import LiveReader
from picctv_core.sources.streams import StreamHandler
from picctv_core.sources.timing import NS_PER_S, FileTimeline, LiveTimeline, backfilled

if TYPE_CHECKING:
    import threading

    from av.packet import Packet
    from av.video.stream import VideoStream

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat
    from picctv_core.sources.base import Sink

_NS_PER_US = 1000
_WALLCLOCK_BYTES = 8


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
    needs: ClassVar[str] = "a video file, a network camera, or a V4L2 device"

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
        pacer = None if self._settings.paced is False else Pacer(self._clock, stop)
        while not stop.is_set():
            opened = open_video(self._settings)
            with opened.container:
                if timeline is None:
                    timeline = FileTimeline(self._clock.now_ns(), round(NS_PER_S / opened.rate))
                else:
                    timeline.begin_again()
                handler.begin(opened)
                play_once(self._settings.url, opened, timeline, handler, stop, pacer)
            if not self._settings.loop:
                return

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


def wall_clock_ns(packet: Packet[VideoStream]) -> int | None:
    """Give the camera's own time of a packet, UTC nanoseconds, from side data ``prft``; None where it has none."""
    if not packet.has_sidedata("prft"):
        return None
    # AVProducerReferenceTime begins with the wall clock, a native int64 in microseconds since the epoch.
    data = bytes(packet.get_sidedata("prft"))
    return int.from_bytes(data[:_WALLCLOCK_BYTES], "little", signed=True) * _NS_PER_US
