"""The source driver ``picamera2``: a Raspberry Pi's camera on current systems, through libcamera.

The encoder's H.264 is passed on as it comes. The small picture for analysis is made by the camera's own hardware beside
the large one, and lent to analyzers where it lies. A Pi 5 has no encoder for H.264: picamera2 encodes in software there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, cast

from pydantic import Field

from picctv_core.sources.needs import missing_module
from picctv_core.sources.pi.driver import PiSource
from picctv_core.sources.pi.settings import PiSettings

if TYPE_CHECKING:
    from picctv_core.sources.base import Sink
    from picctv_core.sources.pi.driver import Session


class Picamera2Settings(PiSettings):
    """A camera module, or what else libcamera knows."""

    rotation: Literal[0, 180] = Field(0, description="By how many degrees the picture is turned.")


class Picamera2Source(PiSource):
    """One camera, read through picamera2."""

    Settings: ClassVar[type[PiSettings]] = Picamera2Settings
    name: ClassVar[str] = "picamera2"
    needs: ClassVar[str] = (
        "a Raspberry Pi's camera module, and python3-picamera2 of Raspberry Pi OS bookworm or newer"
    )

    @staticmethod
    def missing() -> str:
        """Say why it can't run here, and the way out; nothing where it can."""
        way_out = "apt install python3-picamera2, and make the environment with --system-site-packages"
        return missing_module("picamera2", way_out) or missing_module("libcamera", way_out)

    def session(self, sink: Sink) -> Session:
        """Make what opens the camera."""
        # Deferred: it imports picamera2, which is on a Pi only.
        from picctv_core.sources.pi import picamera2_session

        settings = cast("Picamera2Settings", self._settings)
        return picamera2_session.Session(settings, self._analysis, self._tap, self._clock, sink)
