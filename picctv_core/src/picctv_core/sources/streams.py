"""From a stream's packets to access units and analysis frames."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import av
from av.codec.context import Flags2

from picctv_core import h264
from picctv_core.errors import CodecError
from picctv_core.frames import VideoInfo
from picctv_core.picture import picture_of_key_unit
from picctv_core.redact import redact_url
from picctv_core.sources.encode import Encoder
from picctv_core.sources.units import UnitMaker
from picctv_core.sources.vectors import vectors_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from picctv_core.frames import AccessUnit
    from picctv_core.sources.base import Sink
    from picctv_core.sources.luma import AnalysisTap
    from picctv_core.sources.opening import Opened
    from picctv_core.sources.video_settings import VideoSettings

_log = logging.getLogger(__name__)

FOR_ANALYSIS = {"skip_loop_filter": "all"}
"""How H.264 is decoded that is only analysed: without the filter that smooths the edges of blocks. It takes a fifth of
decoding, and motion is found as well without it."""

# More pictures than any decoder holds back (H.264 has 16 at the most): what waits longer was never decoded.
_MAX_HELD = 64


class StreamHandler:
    """Gives a sink what one camera's packets have in them, stream after stream: access units, analysis frames, vectors."""

    def __init__(
        self,
        settings: VideoSettings,
        tap: AnalysisTap | None,
        sink: Sink,
        *,
        gives_units: bool = True,
        on_picture: Callable[[VideoFrame, int], None] | None = None,
    ) -> None:
        """Begin without a stream.

        Args:
            settings: the camera's address, and how to encode what is not H.264.
            tap: makes the analysis stream; None where another one is analysed. H.264 is not decoded then.
            sink: gets units, frames, and vectors if it wants them.
            gives_units: whether the sink wants access units; without them nothing needs to be encoded.
            on_picture: gets every decoded picture and its capture time, after the analysis frame made of it. Its
                memory may be that of the analysis frame: nobody writes into it.
        """
        self._settings = settings
        self._tap = tap
        self._sink = sink
        self._gives_units = gives_units
        self._on_picture = on_picture
        self._info: VideoInfo | None = None
        self._encoder: Encoder | None = None
        self._decoder: VideoCodecContext | None = None
        self._rate = 0.0
        self._units = UnitMaker()
        self._length_size = 0
        self._captured_at: dict[int | None, int] = {}
        self.damaged = 0
        """How many packets could not be decoded."""
        self._passes_through = self._gives_vectors = False
        self._decodes = True
        self._sets = b""

    def begin(self, opened: Opened) -> None:
        """Take on a stream that has just been opened; its packets follow."""
        context = opened.decoder
        # More threads only bring delay here: one is faster than any camera.
        context.thread_count = 1
        extradata = context.extradata
        self._decoder = context
        self._rate = opened.rate
        self._captured_at.clear()
        self._passes_through = context.name == "h264"
        # Of what we encode ourselves there would be vectors as well, but only by decoding it again.
        self._decodes = not self._passes_through or self._tap is not None or self._on_picture is not None
        self._gives_vectors = self._passes_through and self._tap is not None and self._sink.wants_vectors
        if self._passes_through:
            context.options = FOR_ANALYSIS
        if self._gives_vectors:
            context.flags2 |= Flags2.export_mvs
        self._units = UnitMaker(h264.parameter_sets(extradata))
        self._length_size = h264.length_size(extradata) if extradata and h264.is_avcc(extradata) else 0
        if context.width and context.height:
            self._shape(context.width, context.height)

    def packet(self, packet: Packet[VideoStream], captured_at_ns: int) -> None:
        """Give one packet's access unit, and the analysis frames and motion vectors that it completes."""
        if self._passes_through and self._gives_units:
            self._pass_on(bytes(packet), captured_at_ns)
        if not self._decodes:
            return
        self._captured_at[packet.pts] = captured_at_ns
        if len(self._captured_at) > _MAX_HELD:
            del self._captured_at[next(iter(self._captured_at))]
        self._decode(packet)

    def end(self) -> None:
        """Give what the decoder still holds; the stream is over."""
        if self._decodes:
            self._decode(None)

    def _pass_on(self, data: bytes, captured_at_ns: int) -> None:
        annexb = h264.from_lengths(data, self._length_size) if self._length_size else data
        unit = self._units.make(annexb, captured_at_ns)
        if unit.is_key and not self._decodes:
            self._look_at_key(unit)
        self._sink.access_unit(unit)

    def _look_at_key(self, unit: AccessUnit) -> None:
        """Learn the shape of video that is not decoded, from a picture whose parameter sets are new."""
        sets = h264.parameter_sets(unit.annexb)
        if sets == self._sets:
            return
        self._sets = sets
        try:
            picture = picture_of_key_unit(unit.annexb)
        except CodecError as error:
            _log.warning("%s: a key picture can't be decoded: %s", redact_url(self._settings.url), error)
            return
        self._shape(picture.width, picture.height)

    def _decode(self, packet: Packet[VideoStream] | None) -> None:
        assert self._decoder is not None, "begin() comes first"
        try:
            frames = self._decoder.decode(packet)
        except av.error.FFmpegError as error:
            self.damaged += 1
            # At powers of two: a bad cable must not fill the log.
            if self.damaged & (self.damaged - 1) == 0:
                name = redact_url(self._settings.url)
                _log.warning("%s: %d damaged pictures so far: %s", name, self.damaged, error.strerror)
            return
        for frame in frames:
            self._frame(frame)

    def _frame(self, frame: VideoFrame) -> None:
        captured_at_ns = self._time_of(frame)
        if captured_at_ns is None:
            return
        self._shape(frame.width, frame.height)
        if not self._passes_through and self._gives_units:
            self._encode(frame, captured_at_ns)
        analysis = self._tap.take(frame, captured_at_ns) if self._tap is not None else None
        if analysis is not None:
            self._sink.frame(analysis)
        if self._gives_vectors and (vectors := vectors_of(frame, captured_at_ns)) is not None:
            self._sink.motion_vectors(vectors)
        if self._on_picture is not None:
            self._on_picture(frame, captured_at_ns)

    def _encode(self, frame: VideoFrame, captured_at_ns: int) -> None:
        encoder = self._encoder
        if encoder is None:
            settings = self._settings
            encoder = self._encoder = Encoder(
                frame.width,
                frame.height,
                self._rate,
                preset=settings.preset,
                quality=settings.quality,
                bitrate_kbps=settings.bitrate,
            )
        for unit in encoder.encode(frame, captured_at_ns):
            self._sink.access_unit(unit)

    def _time_of(self, frame: VideoFrame) -> int | None:
        """Give the capture time of the packet that a frame was decoded from."""
        if frame.pts in self._captured_at:
            return self._captured_at.pop(frame.pts)
        if not self._captured_at:
            return None
        # Where packets have no times of their own, decoders still give frames in the order of capture.
        first = min(self._captured_at, key=lambda pts: self._captured_at[pts])
        return self._captured_at.pop(first)

    def _shape(self, width: int, height: int) -> None:
        """Tell the sink the video's shape when it is new, and let a new shape have a new encoder."""
        info = VideoInfo(width, height, self._rate)
        known = self._info
        if known is not None and (known.width, known.height) == (width, height):
            return
        self._info = info
        self._encoder = None
        self._sink.started(info)
