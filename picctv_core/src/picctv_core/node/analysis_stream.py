"""The analysis of a camera that sends a stream of its own for it, beside the video: read by itself, away by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picctv_core.node.capture import FAILED, Capture

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.clock import Clock
    from picctv_core.frames import AccessUnit, Frame, MotionVectors, VideoInfo
    from picctv_core.node.runs import Away
    from picctv_core.sources.base import Sink, Source

_WHAT = "no analysis: "


class AnalysisStream:
    """Reads the stream, and takes only what is analysed from it; it is the `Sink` of its source.

    Args:
        camera: the camera's id.
        source: what reads the stream.
        sink: gets frames and motion vectors.
        clock: the time.
        on_gap: called with from, to and cause when there was nothing to analyse; must not block.
        on_change: called when `detail` changes; must not block.
    """

    def __init__(
        self,
        camera: str,
        source: Source,
        sink: Sink,
        clock: Clock,
        *,
        on_gap: Callable[[int, int, str], None],
        on_change: Callable[[], None],
    ) -> None:
        self._sink = sink
        self._capture = Capture(
            f"{camera} (analysis)",
            source,
            self,
            clock,
            on_gap=lambda from_ns, to_ns, cause: on_gap(from_ns, to_ns, _WHAT + cause),
            on_change=on_change,
        )
        self.start = self._capture.start
        self.ask_to_stop = self._capture.ask_to_stop
        self.join = self._capture.join

    @property
    def detail(self) -> str:
        """Say why nothing is analysed; empty while all is well."""
        return _WHAT + self._capture.detail if self._capture.state == FAILED else ""

    def away(self) -> Away | None:
        """Give since when and why nothing is analysed, for a gap that is not told yet; None where it is not."""
        away = self._capture.away()
        return None if away is None else away._replace(cause=_WHAT + away.cause)

    # The sink that the source has --------------------------------------------------------------------------------

    @property
    def wants_vectors(self) -> bool:
        """Say whether any plugin takes motion vectors."""
        return self._sink.wants_vectors

    def started(self, video: VideoInfo) -> None:
        """Take no note: the camera's shape is that of its video."""

    def frame(self, frame: Frame) -> None:
        """Pass on a picture."""
        self._sink.frame(frame)

    def access_unit(self, unit: AccessUnit) -> None:
        """Take no note: the video comes from elsewhere."""

    def motion_vectors(self, vectors: MotionVectors) -> None:
        """Pass on the motion vectors of a picture."""
        self._sink.motion_vectors(vectors)
