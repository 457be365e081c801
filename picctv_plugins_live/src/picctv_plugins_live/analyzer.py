"""The node part of live view: each access unit goes to whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from picctv_core.hookspecs import hookimpl
from picctv_plugins_live.broadcaster import Broadcaster
from picctv_plugins_live.settings import LiveSettings

if TYPE_CHECKING:
    from picctv_core.camera import Camera
    from picctv_core.frames import AccessUnit


class LiveAnalyzer:
    """Serves one camera's video over plain TCP, as it comes: in decoding order, nothing encoded anew."""

    Settings: ClassVar[type[LiveSettings]] = LiveSettings

    def __init__(self, settings: LiveSettings, camera: Camera) -> None:
        self._broadcaster = Broadcaster(settings, camera.id, camera.clock)
        self._listening = False

    @hookimpl
    def picctv_camera_started(self) -> None:
        """Listen.

        Raises:
            PluginError: the port is taken, or the address is not one of this machine's.
        """
        self._broadcaster.start()
        self._listening = True

    @hookimpl
    def picctv_access_unit(self, unit: AccessUnit) -> None:
        """Send the unit to all viewers."""
        self._broadcaster.publish(unit)

    @hookimpl
    def picctv_camera_stopped(self) -> None:
        """Disconnect all viewers and free the port."""
        self._listening = False
        self._broadcaster.stop()

    @hookimpl
    def picctv_health(self) -> dict[str, Any] | None:
        """Say where to watch, and how many do."""
        if not self._listening:
            return None
        return {
            "address": self._broadcaster.address,
            "viewers": self._broadcaster.viewers,
            "too slow": self._broadcaster.dropped,
            "turned away": self._broadcaster.turned_away,
        }
