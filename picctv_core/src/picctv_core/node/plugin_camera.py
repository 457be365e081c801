"""The camera as one plugin has it: a `picctv_core.camera.Camera` whose messages go into the node's spool."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from picctv_core.errors import SpoolError
from picctv_core.messages import GAP, NOTIFICATION, gap_payload, notification_payload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat, VideoInfo

log = logging.getLogger(__name__)


class Described(Protocol):
    """What is told of a camera in its settings, as far as plugins may know it."""

    @property
    def name(self) -> str:
        """Give its name on its node."""
        ...

    @property
    def title(self) -> str:
        """Give what people call it."""
        ...

    @property
    def analysis(self) -> AnalysisFormat:
        """Give size and rate of the frames."""
        ...


class Keeps(Protocol):
    """What keeps messages: the node's spool, or in a plugin's own process the way there.

    Attributes:
        delay_s: for how many seconds a message may be in memory only; 0 where it never is.
    """

    delay_s: float

    def append(
        self,
        *,
        camera: str,
        plugin: str,
        kind: str,
        payload: Any,
        captured_at_ns: int,
        message_id: str | None = None,
    ) -> str:
        """Keep a message, and give its id; see `picctv_core.node.spool.Spool.append`."""
        ...


class PluginCamera:
    """One camera, in the name of one plugin; see `picctv_core.camera.Camera`.

    Args:
        node: the node's name.
        config: the camera.
        plugin: the plugin's name; empty for picctv itself.
        data: the plugin's and the camera's own directory; made here.
        clock: the time.
        spool: where messages go.
        video: gives the shape of the video, once that is known.
    """

    def __init__(
        self,
        node: str,
        config: Described,
        plugin: str,
        *,
        data: Path,
        clock: Clock,
        spool: Keeps,
        video: Callable[[], VideoInfo | None],
    ) -> None:
        self.id = f"{node}/{config.name}"
        self.node = node
        self.name = config.name
        self.title = config.title
        self.analysis: AnalysisFormat = config.analysis
        self.plugin = plugin
        self.clock = clock
        self.data = data
        self.delay_s = spool.delay_s
        self._spool = spool
        self._video = video
        data.mkdir(parents=True, exist_ok=True)

    @property
    def video(self) -> VideoInfo | None:
        """Give the shape of the video stream; None until the camera gave its first picture."""
        return self._video()

    def emit(
        self, kind: str, payload: Any, *, captured_at_ns: int | None = None, message_id: str | None = None
    ) -> str:
        """Send a message; see `picctv_core.camera.Camera.emit`.

        Raises:
            CodecError: the payload is no plain data, or not what its kind must have.
            SpoolError: the node can't keep it; a gap will say so.
        """
        at_ns = self.clock.now_ns() if captured_at_ns is None else captured_at_ns
        return self._spool.append(
            camera=self.id,
            plugin=self.plugin,
            kind=kind,
            payload=payload,
            captured_at_ns=at_ns,
            message_id=message_id,
        )

    def notify(self, level: str, title: str, text: str = "") -> str:
        """Send a line for people.

        Raises:
            ValueError: there is no such level.
            SpoolError: as `emit`.
        """
        return self.emit(NOTIFICATION, notification_payload(level, title, text))

    def gap(self, from_ns: int, to_ns: int, cause: str, lost_bytes: int = 0) -> str:
        """Say that something of this plugin is missing; raises as `emit` does."""
        return self.emit(GAP, gap_payload(from_ns, to_ns, cause, lost_bytes), captured_at_ns=from_ns)

    def try_to(self, send: Callable[..., str], *args: Any, **kwargs: Any) -> None:
        """Send what the node itself has to say; where the spool can't keep it, that has its line and its gap there."""
        try:
            send(*args, **kwargs)
        except SpoolError as error:
            log.debug("%s: not kept: %s", self.id, error)
