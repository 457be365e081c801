"""Tells people when a camera is not being recorded."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

from picctv_core.errors import SpoolError

if TYPE_CHECKING:
    from picctv_core.camera import Camera

log = logging.getLogger(__name__)


class Watch:
    """Counts the time in which nothing was recorded that should have been.

    Args:
        camera: the camera.
        after_s: from how many seconds on people are told; 0 for never.
    """

    def __init__(self, camera: Camera, after_s: float) -> None:
        self._camera = camera
        self._after_s = after_s
        self._good_s = camera.clock.monotonic()
        self._why = ""
        self._told = False

    def good(self) -> None:
        """Note that a picture was recorded, or is kept for a clip that something may trigger."""
        now_s = self._camera.clock.monotonic()
        silent_s, self._good_s, self._why = now_s - self._good_s, now_s, ""
        if self._told:
            self._told = False
            length = dt.timedelta(seconds=round(silent_s))
            self._notify("info", f"{self._camera.title} is recorded again", f"It was not for {length}.")

    def bad(self, why: str) -> None:
        """Note why what came could not be recorded."""
        self._why = why

    def look(self) -> None:
        """Tell people, once, where nothing has been recorded for too long; call it every few seconds."""
        silent_s = self._camera.clock.monotonic() - self._good_s
        if self._after_s and silent_s > self._after_s and not self._told:
            self._told = True
            why = self._why or "no video comes from the camera"
            text = f"Nothing has been recorded for {silent_s:.0f} s: {why}."
            self._notify("error", f"{self._camera.title} is not being recorded", text)

    def _notify(self, level: str, title: str, text: str) -> None:
        try:
            self._camera.notify(level, title, text)
        except SpoolError as error:
            log.warning("%s: %s: %s (and nobody can be told: %s)", self._camera.id, title, text, error)
