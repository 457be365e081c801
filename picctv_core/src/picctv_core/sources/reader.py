"""Reading a live camera on a thread of its own.

A read from a network or a device blocks inside FFmpeg, where no event can wake it, for as long as its timeout.
With the reads on a thread beside it, the camera's own thread hears of a stop at once; and a packet's arrival is
noted when it arrives, however long the picture before it takes to decode.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

import av

from picctv_core.sources.opening import Opened, describe, open_video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.packet import Packet
    from av.video.stream import VideoStream

    from picctv_core.clock import Clock
    from picctv_core.sources.video_settings import VideoSettings

    # What is waiting: the open stream first, then packets with their arrival; then an error, or None for the end.
    _Item = Opened | tuple[Packet[VideoStream], int] | Exception | None

# When the camera's thread is this many packets behind, the reader waits, and the camera's sending with it.
_MAX_WAITING = 256
_LOOK_AT_STOP_S = 0.1
_AT_ONCE_S = 0.005


class LiveReader:
    """Opens a live camera and reads its video packets, until told to stop."""

    def __init__(self, settings: VideoSettings, clock: Clock, stop: threading.Event) -> None:
        """Start to open and read.

        Args:
            settings: which camera.
            clock: tells when packets arrive.
            stop: ends `opened` and `packets` within 0.1 s; the thread itself ends at the latest after its
                read's timeout, and touches nothing of ours until then.
        """
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._left = threading.Event()
        self._is_over = False
        self._end: _Item = None
        self._waiting: queue.Queue[_Item] = queue.Queue(_MAX_WAITING)
        thread = threading.Thread(target=self._read, name="picctv-camera-reader", daemon=True)
        thread.start()

    def opened(self) -> Opened | None:
        """Wait for the camera's video stream; None if stopped before.

        Raises:
            SourceError: the camera can't be opened.
        """
        item = self._next()
        if isinstance(item, Exception):
            raise item
        assert not isinstance(item, tuple), "what was opened comes before its packets"
        return item

    def packets(self) -> Iterator[tuple[Packet[VideoStream], int]]:
        """Give each packet with its arrival (UTC nanoseconds), until stopped or until the camera ends its stream.

        Raises:
            SourceError: the camera can't be read any more.
        """
        while isinstance(item := self._next(), tuple):
            yield item
        if isinstance(item, Exception):
            raise item

    def burst(self) -> list[tuple[Packet[VideoStream], int]]:
        """Wait for the first packet, and give it with all that come at its heels.

        While it finds out what a stream is, FFmpeg collects packets, and some cameras begin with what they
        have kept since their last key picture. `packets` gives what comes after, and tells of the end.
        """
        first: list[tuple[Packet[VideoStream], int]] = []
        while isinstance(item := self._next(), tuple):
            first.append(item)
            if len(first) == _MAX_WAITING or not self._comes_at_once():
                break
        return first

    def leave(self) -> None:
        """Let the reader go; it closes the camera by itself."""
        self._left.set()

    def _comes_at_once(self) -> bool:
        """Say whether another item is there or comes sooner than any camera takes its next picture."""
        deadline = self._clock.monotonic() + _AT_ONCE_S
        while self._waiting.empty():
            if self._stop.wait(_AT_ONCE_S / 10) or self._clock.monotonic() > deadline:
                return not self._waiting.empty()
        return True

    def _next(self) -> _Item:
        while not self._stop.is_set() and not self._is_over:
            try:
                item = self._waiting.get(timeout=_LOOK_AT_STOP_S)
            except queue.Empty:
                continue
            # The end comes once, and holds for whoever asks after it.
            self._is_over = item is None or isinstance(item, Exception)
            if self._is_over:
                self._end = item
            return item
        return self._end

    def _put(self, item: _Item) -> None:
        while not self._gone():
            try:
                self._waiting.put(item, timeout=_LOOK_AT_STOP_S)
            except queue.Full:
                continue
            return

    def _gone(self) -> bool:
        return self._left.is_set() or self._stop.is_set()

    def _read(self) -> None:
        try:
            opened = open_video(self._settings)
        except Exception as error:  # noqa: BLE001 - raised on the camera's thread
            self._put(error)
            return
        with opened.container:
            self._put(opened)
            try:
                for packet in opened.container.demux(opened.stream):
                    if self._gone():
                        return
                    # The empty packet that PyAV adds at the end is for flushing decoders.
                    if packet.size:
                        self._put((packet, self._clock.now_ns()))
            except (av.error.FFmpegError, ValueError) as error:
                self._put(describe(self._settings, error, doing="read"))
            else:
                self._put(None)
