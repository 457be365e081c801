"""Playing a video file: its packets, at the times that the file gives them.

Both the source ``video`` and ``picctv replay`` play files this way, so that a plugin sees the same in both.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av

from picctv_core.errors import SourceError
from picctv_core.sources.opening import describe
from picctv_core.sources.timing import NS_PER_S, to_ns

if TYPE_CHECKING:
    import threading

    from av.packet import Packet
    from av.video.stream import VideoStream

    from picctv_core.clock import Clock
    from picctv_core.sources.opening import Opened
    from picctv_core.sources.streams import StreamHandler
    from picctv_core.sources.timing import FileTimeline
    from picctv_core.sources.video_settings import VideoSettings

_FALLBACK_TIME_BASE = Fraction(1, 90_000)


class Pacer:
    """Holds the packets of a file back until their time has come."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        """Take what tells the time, and what ends every wait."""
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


def play_once(
    settings: VideoSettings,
    opened: Opened,
    timeline: FileTimeline,
    handler: StreamHandler,
    stop: threading.Event,
    pacer: Pacer | None = None,
) -> None:
    """Give a handler everything that is in an open file, until its end or the stop.

    Args:
        settings: they name the file, for errors.
        opened: the file; it is left open.
        timeline: gives each packet its capture time.
        handler: it has been told of the stream by `begin`.
        stop: ends the playing after the packet at hand.
        pacer: holds packets back until their time; None plays as fast as the handler takes them.

    Raises:
        SourceError: the file can't be read to its end, or has no pictures in it.
    """
    given = 0
    try:
        for packet in opened.container.demux(opened.stream):
            if stop.is_set():
                return
            # The empty packet that PyAV adds at the end is for flushing decoders.
            if not packet.size:
                continue
            time_base = packet.time_base or _FALLBACK_TIME_BASE
            media_ns = media_time_ns(packet)
            captured = timeline.captured_at(media_ns, to_ns(packet.duration or 0, time_base))
            if pacer is not None:
                decode_ns = None if packet.dts is None else to_ns(packet.dts, time_base)
                delay = None if media_ns is None or decode_ns is None else captured - media_ns + decode_ns
                if not pacer.wait(captured, delay):
                    return
            handler.packet(packet, captured)
            given += 1
        handler.end()
    except (av.error.FFmpegError, ValueError) as error:
        raise describe(settings, error, doing="read") from None
    if not given:
        raise SourceError(f"{settings.url} has no pictures in it; check the path", retry=False)


def media_time_ns(packet: Packet[VideoStream]) -> int | None:
    """Give a packet's presentation time in its stream, nanoseconds; None where it has none."""
    return None if packet.pts is None else to_ns(packet.pts, packet.time_base or _FALLBACK_TIME_BASE)
