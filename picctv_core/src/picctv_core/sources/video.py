"""The source driver ``video``: files, network cameras and V4L2 devices, through PyAV (FFmpeg).

- A file is played as if it were a camera: at its own speed, once or over and over.
- A network camera is any address that FFmpeg reads; ``rtsp://`` is the usual one.
- A V4L2 device (``/dev/video0``: USB cameras, capture cards) is read as H.264, MJPEG or YUYV. Tests run FFmpeg and this
  driver with the kernel's part replaced; no device was at hand.

A stream that is H.264 already is passed on as it is, unit by unit; anything else is encoded once. Where the camera has
a second, small stream for analysis (``analysis_url``), the first is not even decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from picctv_core.sources.live import read_live
from picctv_core.sources.luma import AnalysisTap
from picctv_core.sources.opening import open_video
from picctv_core.sources.playing import Pacer, play_once
from picctv_core.sources.streams import StreamHandler
from picctv_core.sources.timing import NS_PER_S, FileTimeline
from picctv_core.sources.video_settings import VideoSettings, kind_of

if TYPE_CHECKING:
    import threading

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat
    from picctv_core.sources.base import Sink


class VideoSource:
    """One camera, read through PyAV."""

    Settings: ClassVar[type[VideoSettings]] = VideoSettings
    needs: ClassVar[str] = "a video file, a network camera, or a V4L2 device"

    def __init__(self, settings: VideoSettings, analysis: AnalysisFormat, clock: Clock) -> None:
        """Keep the settings; open nothing yet."""
        self._settings = settings
        self._analysis = analysis
        self._clock = clock
        self._gives_units = True
        self._tap = AnalysisTap(analysis) if settings.analysis_url is None else None

    def analysis_source(self) -> VideoSource | None:
        """Give what reads the camera's stream for analysis, and gives frames alone; None where one stream is for all."""
        settings = self._settings.for_analysis()
        if settings is None:
            return None
        source = VideoSource(settings, self._analysis, self._clock)
        source._gives_units = False
        return source

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Read the camera until `stop` is set, and give everything to `sink`.

        Returns when stopped, or when a file that does not loop is over.

        Raises:
            SourceError: it can't be opened or read (any more). A live camera's end is an error too.
        """
        handler = StreamHandler(self._settings, self._tap, sink, gives_units=self._gives_units)
        if kind_of(self._settings.url) == "file":
            self._play_file(handler, stop)
        else:
            read_live(self._settings, handler, self._clock, stop)

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
                play_once(self._settings, opened, timeline, handler, stop, pacer)
            if not self._settings.loop:
                return
