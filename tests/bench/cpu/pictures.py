"""The steps from a packet to a result, each measured by itself."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from picctv_core import codec, typed
from picctv_core.frames import AnalysisFormat
from picctv_core.sources.luma import AnalysisTap
from picctv_core.sources.opening import open_video
from picctv_core.sources.streams import StreamHandler
from picctv_core.sources.timing import NS_PER_S
from picctv_core.sources.video_settings import VideoSettings
from picctv_core.testing import START_NS, FakeCamera
from picctv_plugins_motion.analyzer import MotionAnalyzer, MotionResult
from picctv_plugins_motion.settings import MotionSettings

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.frames import AccessUnit, Frame, MotionVectors, VideoInfo

ANALYSIS = AnalysisFormat(320, 240, 10.0)


class _Sink:
    """A camera that nobody watches: its source only wants to know whom it reads for."""

    wants_vectors = False

    def started(self, video: VideoInfo) -> None: ...

    def frame(self, frame: Frame) -> None: ...

    def access_unit(self, unit: AccessUnit) -> None: ...

    def motion_vectors(self, vectors: MotionVectors) -> None: ...


def steps_ms(path: Path, folder: Path) -> dict[str, float]:
    """Take a file through the steps, as the node does with what is analysed.

    Args:
        path: the file.
        folder: for the analyzer, which keeps nothing there.

    Returns:
        Milliseconds of CPU time a picture, by the step: ``read`` and ``decode`` of every picture of the file; ``shrink``,
        ``detect`` and ``tell`` (the result checked, packed and unpacked again for the other plugins) of each that is due.
    """
    settings = VideoSettings(url=str(path))
    tap = AnalysisTap(ANALYSIS)
    analyzer = MotionAnalyzer(MotionSettings(), FakeCamera(folder))
    taken_s: defaultdict[str, float] = defaultdict(float)
    times: Counter[str] = Counter()
    at_s = time.thread_time()

    def took(step: str) -> None:
        nonlocal at_s
        now_s = time.thread_time()
        taken_s[step] += now_s - at_s
        times[step] += 1
        at_s = now_s

    opened = open_video(settings)
    with opened.container:
        StreamHandler(settings, tap, _Sink()).begin(opened)  # it sets the decoder up
        number = 0
        at_s = time.thread_time()
        for packet in opened.container.demux(opened.stream):
            took("read")
            pictures = opened.decoder.decode(packet if packet.size else None)
            took("decode")
            for picture in pictures:
                frame = tap.take(picture, START_NS + round(number * NS_PER_S / opened.rate))
                number += 1
                if frame is None:
                    continue
                took("shrink")
                told = analyzer.picctv_analyze_frame(frame)
                took("detect")
                codec.unpack(codec.pack(typed.plain(MotionResult, told)))
                took("tell")
    return {step: round(1000 * taken_s[step] / times[step], 3) for step in taken_s}
