"""The node part: watches whether a camera still sees what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from picctv_core.hookspecs import hookimpl
from picctv_tamper.models import TamperResult, TamperSettings
from picctv_tamper.watch import Look, Watch

if TYPE_CHECKING:
    from picctv_core.camera import Camera
    from picctv_core.frames import Frame


class TamperAnalyzer:
    """Says whether the camera is covered, defocused or moved, and tells people when that begins and ends."""

    Settings: ClassVar[type[TamperSettings]] = TamperSettings
    Result: ClassVar[type[TamperResult]] = TamperResult

    def __init__(self, settings: TamperSettings, camera: Camera) -> None:
        self._camera = camera
        self._watch = Watch(settings)
        self._looks = 0
        self._alarms = 0

    @hookimpl
    def picctv_analyze_frame(self, frame: Frame) -> TamperResult | None:
        """Look at the picture a few times a second; give None in between."""
        if not self._watch.due(frame.captured_at_ns):
            return None
        look = self._watch.look(frame.luma, frame.captured_at_ns)
        self._looks += 1
        if look.state != look.before:
            self._tell(look)
        seen = look.seen
        return TamperResult(
            triggered=look.state is not None,
            score=round(min(max(seen.lost, 1.0 - seen.sharpness, 0.0), 1.0), 3),
            covered=look.state == "covered",
            defocused=look.state == "defocused",
            moved=look.state == "moved",
            sharpness=round(100 * seen.sharpness, 1),
            contrast=round(100 * seen.contrast, 1),
            lost=round(100 * seen.lost, 1),
        )

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        """Say how often it looked, and how many alarms there were."""
        return {"looks": self._looks, "alarms": self._alarms}

    def _tell(self, look: Look) -> None:
        title = self._camera.title
        if look.state is not None:
            self._alarms += 1
            self._camera.notify("warning", f"The camera {title} is {look.state}")
        elif look.settled:
            self._camera.notify("info", f"The camera {title} has settled on its new view")
        else:
            self._camera.notify("info", f"The camera {title} is no longer {look.before}")
