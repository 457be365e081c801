"""The node part: looks at each frame of a camera, and counts the stretches of time in which the picture changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from picctv_core.hookspecs import hookimpl
from picctv_core.typed import ResultModel
from pydantic import Field

from picctv_new_plugin.settings import NewPluginSettings

if TYPE_CHECKING:
    from picctv_core.camera import Camera
    from picctv_core.frames import Frame

SECOND = 1_000_000_000

EVERY = 2
"""Every second pixel of every second row is looked at: a quarter of the work, and things are larger than that."""


class NewPluginResult(ResultModel):
    """What is said about a frame. The web charts and filters by its numbers without any code of ours."""

    triggered: bool = Field(description="Whether the picture changes; recording acts on it.")
    score: float = Field(ge=0.0, le=1.0, description="The part of the picture that changed.")
    count: int = Field(ge=0, description="The stretches of change since the node started.")


class NewPluginAnalyzer:
    """Compares each frame with what the picture looked like lately. The node makes one object for each camera."""

    Settings: ClassVar[type[NewPluginSettings]] = NewPluginSettings
    Result: ClassVar[type[NewPluginResult]] = NewPluginResult

    def __init__(self, settings: NewPluginSettings, camera: Camera) -> None:
        self._settings = settings
        self._lately: Any = None  # (rows, columns) float32, grey levels
        self._before_ns = 0
        self._changed_ns: int | None = None
        self._triggered = False
        self._count = 0

    @hookimpl
    def picctv_analyze_frame(self, frame: Frame) -> NewPluginResult:
        """Say how much of the picture changed; frame.luma is (rows, columns) uint8, and is left as it is."""
        picture = frame.luma[::EVERY, ::EVERY].astype(np.float32)
        score = self._compare(picture, frame.captured_at_ns)
        if 100.0 * score >= self._settings.smallest_percent:
            self._changed_ns = frame.captured_at_ns
        before, self._triggered = self._triggered, self._lasts(frame.captured_at_ns)
        self._count += self._triggered and not before
        return NewPluginResult(triggered=self._triggered, score=round(score, 4), count=self._count)

    @hookimpl
    def picctv_health(self) -> dict[str, Any]:
        """Say how it goes: shown on the page of the camera."""
        return {"count": self._count}

    def _compare(self, picture: Any, at_ns: int) -> float:
        """Give the part of the picture that changed, 0 to 1, and take the picture into what it was lately."""
        if self._lately is None or self._lately.shape != picture.shape:
            self._lately, self._before_ns = picture, at_ns
            return 0.0
        difference = picture - self._lately
        # By time, not by frames, so that a camera of five frames a second and one of thirty see the same.
        seconds = (at_ns - self._before_ns) / SECOND
        self._lately += difference * np.float32(1.0 - math.exp(-seconds / self._settings.memory_s))
        self._before_ns = at_ns
        return float(np.mean(np.abs(difference) >= self._settings.step))

    def _lasts(self, at_ns: int) -> bool:
        """Say whether a stretch of change goes on: the last change is less than a pause ago."""
        if self._changed_ns is None:
            return False
        return at_ns == self._changed_ns or at_ns - self._changed_ns < self._settings.pause_s * SECOND
