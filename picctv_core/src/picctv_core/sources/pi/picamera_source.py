"""The source driver ``picamera``: a Raspberry Pi's camera on 32-bit systems up to Bullseye, with the camera stack of then.

The encoder's H.264 is passed on as it comes; the small picture for analysis is made by the camera's own hardware.
"""

from __future__ import annotations

import ctypes.util
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from pydantic import Field

from picctv_core.sources.needs import missing_module
from picctv_core.sources.pi.driver import PiSource
from picctv_core.sources.pi.settings import PiSettings

if TYPE_CHECKING:
    from picctv_core.sources.base import Sink
    from picctv_core.sources.pi.driver import Session


class PicameraSettings(PiSettings):
    """A camera module on the ribbon."""

    rotation: Literal[0, 90, 180, 270] = Field(0, description="By how many degrees the picture is turned.")


class PicameraSource(PiSource):
    """One camera, read through picamera."""

    Settings: ClassVar[type[PiSettings]] = PicameraSettings
    name: ClassVar[str] = "picamera"
    needs: ClassVar[str] = (
        "a Raspberry Pi's camera module, and 32-bit Raspberry Pi OS up to Bullseye with the legacy camera on"
    )

    @staticmethod
    def missing() -> str:
        """Say why it can't run here, and the way out; nothing where it can."""
        way_out = "on 32-bit Raspberry Pi OS up to Bullseye, pip install 'picctv-core[picamera]'; else use picamera2"
        if missing := missing_module("picamera", way_out):
            return missing
        if ctypes.util.find_library("mmal") is None:
            return "the firmware's library libmmal.so is not there: turn the legacy camera on in raspi-config"
        return ""

    def session(self, sink: Sink) -> Session:
        """Make what opens the camera."""
        # Deferred: it imports picamera, which is on a Pi only.
        from picctv_core.sources.pi import picamera_session

        settings = cast("PicameraSettings", self._settings)
        return picamera_session.Session(settings, self._analysis, self._tap, self._clock, sink)
