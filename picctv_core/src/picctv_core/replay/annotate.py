"""The video that shows what a plugin said: the file's own pictures, at their own times, with the results drawn in."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import TYPE_CHECKING, Self

import av
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter

from picctv_core.picture import color_range_of
from picctv_core.replay.drawing import BLUE, ORANGE, RED, WHITE, Canvas, boxes_of, lines_of
from picctv_core.replay.times import offset, utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from picctv_core.replay.outputs import Target
    from picctv_core.replay.running import Said

_TIME_BASE = Fraction(1, 1_000_000)
_NS_PER_TICK = 1000
# One thread, so that two runs give the same bytes; no B-frames, so that the first picture is at 0 in every player.
_OPTIONS = {"preset": "veryfast", "crf": "23", "bf": "0"}


class AnnotatedVideo:
    """An H.264 MP4, picture by picture.

    Args:
        target: the file.
        main: the plugin whose results are written as text; of the others, only the boxes are drawn.
        start_ns: the capture time of the first picture.
        rate: nominal pictures a second.
    """

    def __init__(self, target: Target, main: str, start_ns: int, rate: float) -> None:
        self._target = target
        self._main = main
        self._start_ns = start_ns
        self._rate = Fraction(rate).limit_denominator(1001)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._reformatter = VideoReformatter()
        self._last_pts = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file however far it came; `finish` comes first where all went well."""
        if self._container is not None:
            with contextlib.suppress(av.error.FFmpegError, OSError):
                self._container.close()

    def add(self, picture: VideoFrame, captured_at_ns: int, said: Mapping[str, Said]) -> None:
        """Add a picture with what is known at its time.

        Args:
            picture: in any format; it is left unchanged.
            captured_at_ns: when it was captured.
            said: what each plugin said about the newest frame, this picture or one before.

        Raises:
            PicctvError: the video can't be written.
        """
        with self._explained():
            stream = self._stream or self._begin(picture)
            canvas = Canvas(self._fitted(picture, stream))
            self._draw(canvas, captured_at_ns, said)
            pts = max(self._last_pts + 1, (captured_at_ns - self._start_ns) // _NS_PER_TICK)
            self._last_pts = pts
            frame = canvas.frame
            frame.pts, frame.time_base = pts, _TIME_BASE
            frame.pict_type = PictureType.NONE
            assert self._container is not None, "it is open once there is a stream"
            self._container.mux(stream.encode(frame))

    def finish(self) -> None:
        """Write what is left; raises as `add` does."""
        if self._container is None or self._stream is None:
            return
        with self._explained():
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def _begin(self, picture: VideoFrame) -> VideoStream:
        container = self._container = av.open(
            str(self._target.part), "w", format="mp4", options={"movflags": "faststart"}
        )
        stream = container.add_stream("libx264", rate=self._rate, options=dict(_OPTIONS))
        stream.width, stream.height = max(2, picture.width & ~1), max(2, picture.height & ~1)
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.time_base = stream.time_base = _TIME_BASE
        context.color_range = color_range_of(picture)
        context.colorspace = picture.colorspace
        context.color_primaries = picture.color_primaries
        context.color_trc = picture.color_trc
        self._stream = stream
        return stream

    def _fitted(self, picture: VideoFrame, stream: VideoStream) -> VideoFrame:
        """Give the picture in the video's format and size, its range of values kept."""
        color_range = color_range_of(picture)
        return self._reformatter.reformat(
            picture,
            stream.width,
            stream.height,
            "yuv420p",
            interpolation="BILINEAR",
            src_color_range=color_range,
            dst_color_range=color_range,
            threads=1,
        )

    def _draw(self, canvas: Canvas, captured_at_ns: int, said: Mapping[str, Said]) -> None:
        mine = said.get(self._main)
        for name, other in said.items():
            if name != self._main:
                for box in boxes_of(other.data):
                    canvas.box(box, BLUE)
        lines = [(f"{offset(captured_at_ns - self._start_ns)}  {utc(captured_at_ns)}", WHITE)]
        if mine is not None:
            for box in boxes_of(mine.data):
                canvas.box(box, ORANGE)
            triggered = mine.data.get("triggered") if isinstance(mine.data, dict) else None
            if isinstance(triggered, bool):
                lines.append(("triggered", ORANGE) if triggered else ("not triggered", WHITE))
            lines += [(line, WHITE) for line in lines_of(mine.data)]
            if mine.error:
                lines.append((f"error: {mine.error}", RED))
        for number, (text, colour) in enumerate(lines):
            canvas.text(text, number * canvas.line_height, colour)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        with self._target.explained():
            try:
                yield
            except av.error.FFmpegError as error:
                raise OSError(error.errno, error.strerror) from error
