"""Where cameras can be watched live, as their nodes said last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from picctv_server.models import Camera

PLUGIN = "live"

_EVERYWHERE = {"0.0.0.0": "ADDRESS-OF-THE-NODE", "[::]": "ADDRESS-OF-THE-NODE"}  # noqa: S104 - shown, not listened on
_LOOPBACK = ("127.", "[::1]", "localhost")


@dataclass(frozen=True)
class LiveAddress:
    """Where one camera can be watched.

    Attributes:
        id: the camera's id.
        title: what people call it.
        address: ``tcp://HOST:PORT``; empty while the camera is not served.
        viewers: how many watch.
        local: whether only programs on the node itself can connect.
        detail: why it is not served, where the node said so.
    """

    id: str
    title: str
    address: str
    viewers: int
    local: bool
    detail: str

    @property
    def commands(self) -> list[str]:
        """Command lines that play it."""
        return [
            f"ffplay -fflags nobuffer -flags low_delay -f h264 {self.address}",
            f"ffmpeg -f h264 -i {self.address} -f null -",
            f"vlc --demux h264 {self.address}",
        ]


def live_address(camera: Camera) -> LiveAddress:
    """Read where a camera is served from what its node said of the plugin."""
    said: dict[str, Any] = (camera.plugins or {}).get(PLUGIN) or {}
    health = said.get("health") or {}
    host, _, port = str(health.get("address", "")).removeprefix("tcp://").rpartition(":")
    online = bool(host) and camera.online()
    viewers = health.get("viewers", 0)
    return LiveAddress(
        id=camera.id,
        title=camera.title or camera.id,
        address=f"tcp://{_EVERYWHERE.get(host, host)}:{port}" if online else "",
        viewers=viewers if isinstance(viewers, int) else 0,
        local=host.startswith(_LOOPBACK),
        detail=str(said.get("detail") or ""),
    )
