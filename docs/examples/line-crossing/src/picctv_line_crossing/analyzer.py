"""The node part: follows what motion sees, and counts who crosses a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from picctv_core.hookspecs import hookimpl
from picctv_line_crossing.counting import Counter
from picctv_line_crossing.models import CrossingResult, CrossingSettings
from picctv_line_crossing.tracks import Tracker

if TYPE_CHECKING:
    from picctv_core import frames
    from picctv_core.camera import Camera

KIND = "crossing"
"""The kind of the message that tells of one crossing; its payload is ``{"line", "direction", "track", "x", "y"}``."""

SECOND = 1_000_000_000


class CrossingAnalyzer:
    """Counts the crossings of one camera's lines. It looks at no picture itself: it hears motion's boxes."""

    Settings: ClassVar[type[CrossingSettings]] = CrossingSettings
    Result: ClassVar[type[CrossingResult]] = CrossingResult
    uses: ClassVar[tuple[str, ...]] = ("motion",)

    def __init__(self, settings: CrossingSettings, camera: Camera) -> None:
        self._camera = camera
        self._tracker = Tracker(settings.lost_after_s)
        self._counter = Counter(settings.lines, settings.margin)
        self._kept_ns = round(settings.lost_after_s * SECOND)
        self._tracked = 0
        self._new = 0
        self._total = 0

    @hookimpl
    def picctv_result(self, result: frames.Result) -> None:
        """Follow the boxes of motion's result, and tell the server of each crossing."""
        boxes = result.data.get("boxes", ()) if isinstance(result.data, dict) else ()
        at_ns = result.captured_at_ns
        seen = self._tracker.update(boxes, at_ns)
        self._tracked = len(seen)
        for crossing in self._counter.look(seen, at_ns, self._kept_ns):
            self._new += 1
            self._total += 1
            payload = {
                "line": crossing.line,
                "direction": crossing.direction,
                "track": crossing.track,
                "x": round(crossing.x, 4),
                "y": round(crossing.y, 4),
            }
            self._camera.emit(KIND, payload, captured_at_ns=crossing.at_ns)

    @hookimpl
    def picctv_analyze_frame(self) -> CrossingResult:
        """Give what was heard since the last frame.

        Only this hook can give results, so a crossing stands at the frame after the one in which motion saw it, at
        most one frame late; the message has the exact time.
        """
        new, self._new = self._new, 0
        return CrossingResult(triggered=new > 0, score=float(new), tracked=self._tracked, total=self._total)

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        """Say how much is followed, and how many crossings there were."""
        return {"tracked": self._tracked, "crossings": self._total}
