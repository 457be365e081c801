"""The node part: looks at each frame of a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from picctv_core.camera import Camera
    from picctv_core.frames import Frame


class BrightnessSettings(Settings):
    """What people can set in ``[plugins.brightness]``."""

    step: float = Field(
        25.0,
        gt=0.0,
        le=255.0,
        description="A change of the mean brightness from one frame to the next that counts as a trigger, 0 to 255.",
    )


class BrightnessAnalyzer:
    """Says how bright each frame is, and triggers when a lamp goes on or off."""

    Settings: ClassVar[type[BrightnessSettings]] = BrightnessSettings

    def __init__(self, settings: BrightnessSettings, camera: Camera) -> None:
        self._settings = settings
        self._camera = camera
        self._before: float | None = None

    @hookimpl
    def picctv_analyze_frame(self, frame: Frame) -> dict[str, Any]:
        """Give ``{"triggered", "score", "brightness"}``; the score is the change since the frame before."""
        brightness = float(frame.luma.mean())
        change = 0.0 if self._before is None else brightness - self._before
        self._before = brightness
        triggered = abs(change) >= self._settings.step
        if triggered:
            direction = "on" if change > 0 else "off"
            self._camera.notify("info", f"The light went {direction} at {self._camera.title}")
        return {"triggered": triggered, "score": round(abs(change), 1), "brightness": round(brightness, 1)}
