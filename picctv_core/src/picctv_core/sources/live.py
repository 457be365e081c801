"""Reading a live camera: its packets, with the capture times that they have on our clock."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import av

from picctv_core import h264
from picctv_core.errors import SourceError
from picctv_core.redact import redact_url
from picctv_core.sources.opening import describe
from picctv_core.sources.playing import media_time_ns
from picctv_core.sources.reader import LiveReader
from picctv_core.sources.timing import NS_PER_S, LiveTimeline, backfilled

if TYPE_CHECKING:
    import threading

    from av.packet import Packet
    from av.video.stream import VideoStream

    from picctv_core.clock import Clock
    from picctv_core.sources.streams import StreamHandler
    from picctv_core.sources.video_settings import VideoSettings

_NS_PER_US = 1000
_WALLCLOCK_BYTES = 8


def read_live(settings: VideoSettings, handler: StreamHandler, clock: Clock, stop: threading.Event) -> None:
    """Give a handler all that a live camera sends, until the stop.

    Raises:
        SourceError: it can't be opened or read (any more), or has ended its stream.
    """
    reader = LiveReader(settings, clock, stop)
    timeline = LiveTimeline()
    try:
        opened = reader.opened()
        if opened is None:
            return
        handler.begin(opened)
        has_start_codes = opened.decoder.name == "h264" and not h264.is_avcc(opened.decoder.extradata)
        first = reader.burst()
        times = backfilled([media_time_ns(packet) for packet, _ in first], round(NS_PER_S / opened.rate))
        if first:
            timeline.begin([at for at in times if at is not None], first[-1][1])
        rest = ((packet, arrived_ns, media_time_ns(packet)) for packet, arrived_ns in reader.packets())
        burst = ((packet, arrived_ns, at) for (packet, arrived_ns), at in zip(first, times, strict=True))
        for packet, arrived_ns, media_ns in itertools.chain(burst, rest):
            if stop.is_set():
                return
            if has_start_codes and timeline.is_back(media_ns) and not h264.is_bidirectional(bytes(packet)):
                timeline.begin([], arrived_ns)
            handler.packet(packet, timeline.captured_at(media_ns, arrived_ns, wall_clock_ns(packet)))
    except av.error.FFmpegError as error:
        raise describe(settings, error, doing="read") from None
    finally:
        reader.leave()
    if not stop.is_set():
        msg = f"{redact_url(settings.url)} has ended its stream; check that the camera is on and in reach"
        raise SourceError(msg)


def wall_clock_ns(packet: Packet[VideoStream]) -> int | None:
    """Give the camera's own time of a packet, UTC nanoseconds, from side data ``prft``; None where it has none."""
    if not packet.has_sidedata("prft"):
        return None
    # AVProducerReferenceTime begins with the wall clock, a native int64 in microseconds since the epoch.
    data = bytes(packet.get_sidedata("prft"))
    return int.from_bytes(data[:_WALLCLOCK_BYTES], "little", signed=True) * _NS_PER_US
