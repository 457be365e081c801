"""The thread that reads a camera: it tries again when the camera goes away, and says for how long it was gone."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from picctv_core.errors import SourceError, one_line
from picctv_core.node.backoff import Backoff
from picctv_core.node.repeats import Repeats
from picctv_core.node.runs import Away

if TYPE_CHECKING:
    from collections.abc import Callable

    from picctv_core.clock import Clock
    from picctv_core.frames import AccessUnit, Frame, MotionVectors, VideoInfo
    from picctv_core.sources.base import Sink, Source

log = logging.getLogger(__name__)

CONNECTING, RUNNING, FAILED, ENDED = "connecting", "running", "failed", "ended"

FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 30.0

SILENT_CAUSE = "no picture came from the camera"
SILENT_S, SILENT_PICTURES = 2.0, 4
"""A camera is silent when so long nothing came, and so many pictures are missing at its nominal rate."""

_STEADY_NS = 10 * 1_000_000_000
"""A camera that gave pictures for so long is back: the next pause is a short one again."""


class Capture:
    """Runs a source, and passes on what it gives.

    Args:
        camera: the camera's id, for log lines.
        source: what reads the camera.
        sink: what gets the pictures.
        clock: the time.
        on_gap: called with from, to and cause when the camera was away; must not block.
        on_change: called when `state` or `detail` change; must not block.
        backoff: the pauses between tries.
        away: since when, and why, nothing is known of the camera, from before this run.

    Attributes:
        seen_s: when the newest picture came, or the capture was made; monotonic seconds.
        state: ``connecting``, ``running``, ``failed`` or ``ended``.
        detail: why, in one line; empty while it runs.
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
        backoff: Backoff | None = None,
        away: Away | None = None,
    ) -> None:
        self.seen_s = clock.monotonic()
        self.state = CONNECTING
        self.detail = ""
        self._camera = camera
        self._source = source
        self._sink = sink
        self._clock = clock
        self._on_gap = on_gap
        self._on_change = on_change
        self._backoff = backoff or Backoff(FIRST_PAUSE_S, LAST_PAUSE_S)
        self._repeats = Repeats()
        self._stop = threading.Event()
        self._seen_ns = 0
        self._since_ns = 0
        self._silent_ns = round(SILENT_S * 1_000_000_000)
        self._away = away
        self._thread = threading.Thread(target=self._run, name=f"{camera} source", daemon=True)

    def start(self) -> None:
        """Begin to read the camera."""
        self._thread.start()

    def away(self) -> Away | None:
        """Give since when and why the camera is away, for a gap that is not told yet; None where it is not."""
        return self._away

    def ask_to_stop(self) -> None:
        """Tell the source to end; `join` waits for it."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the source to end, and close the gap that is open. A source that hangs is left behind."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.warning("%s: the source did not stop in time and is left behind", self._camera)
        self._back(self._clock.now_ns())

    # The sink that the source has --------------------------------------------------------------------------------

    @property
    def wants_vectors(self) -> bool:
        """Say whether any plugin takes motion vectors."""
        return self._sink.wants_vectors

    def started(self, video: VideoInfo) -> None:
        """Pass on that the camera gives pictures."""
        self._since_ns = self._clock.now_ns()
        longest_s = max(SILENT_S, SILENT_PICTURES / video.rate if video.rate > 0 else 0.0)
        self._silent_ns = round(longest_s * 1_000_000_000)
        self._set(RUNNING, "")
        log.info(
            "%s: running, %dx%d at %g pictures a second", self._camera, video.width, video.height, video.rate
        )
        self._sink.started(video)

    def frame(self, frame: Frame) -> None:
        """Pass on a picture of the analysis stream."""
        self._saw(frame.captured_at_ns)
        self._sink.frame(frame)

    def access_unit(self, unit: AccessUnit) -> None:
        """Pass on an encoded picture of the video stream."""
        self._saw(unit.captured_at_ns)
        self._sink.access_unit(unit)

    def motion_vectors(self, vectors: MotionVectors) -> None:
        """Pass on the motion vectors of a picture."""
        self._sink.motion_vectors(vectors)

    def _saw(self, captured_at_ns: int) -> None:
        if self._away is None and self._seen_ns and captured_at_ns - self._seen_ns > self._silent_ns:
            # The source has not said that the camera was away: it did not notice, or the whole node stood still.
            self._on_gap(self._seen_ns, captured_at_ns, SILENT_CAUSE)
        if self._away is not None:
            self._back(captured_at_ns)
        self._seen_ns = max(self._seen_ns, captured_at_ns)
        self.seen_s = self._clock.monotonic()

    def _back(self, at_ns: int) -> None:
        if (away := self._away) is not None:
            to_ns = at_ns if away.from_ns < at_ns else away.latest_ns
            if away.from_ns < to_ns:
                self._on_gap(away.from_ns, to_ns, away.cause)
            self._away = None  # only now: whoever asks in between must not believe that it was told

    # The thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._source.run(self, self._stop)
            except SourceError as error:
                again = self._failed(str(error), retry=error.retry)
            except Exception as error:  # a driver's fault must not end the others' capture
                log.exception("%s: the source broke", self._camera)
                again = self._failed(f"the source broke: {one_line(error)}", retry=True)
            else:
                if not self._stop.is_set():
                    log.info("%s: the video is over", self._camera)
                again = False
                self._set(ENDED, "" if self._stop.is_set() else "the video is over")
            if not again or self._stop.wait(self._backoff.next_s()):
                return

    def _failed(self, line: str, *, retry: bool) -> bool:
        """Note a failure; say whether to try again."""
        if self.state == RUNNING and self._seen_ns - self._since_ns > _STEADY_NS:
            self._backoff.reset()
            self._repeats.forget()
        if number := self._repeats.count(line):
            way_on = "trying again" if retry else "not trying again"
            times = f" (for the {number}th time)" if number > 1 else ""
            log.error("%s: %s; %s%s", self._camera, line, way_on, times)
        if self._seen_ns and self._away is None:
            self._away = Away(self._seen_ns, f"camera away: {line}")
        self._set(FAILED, line)
        return retry

    def _set(self, state: str, detail: str) -> None:
        if (state, detail) != (self.state, self.detail):
            self.state, self.detail = state, detail
            self._on_change()
