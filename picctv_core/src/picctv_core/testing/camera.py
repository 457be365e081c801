"""A camera for plugin tests: it is a `picctv_core.camera.Camera`, and keeps every message that a plugin emits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from picctv_core.errors import CodecError
from picctv_core.frames import AnalysisFormat, VideoInfo
from picctv_core.messages import GAP, NOTIFICATION, gap_payload, notification_payload
from picctv_core.testing.clock import FakeClock
from picctv_core.testing.messages import make_message

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.clock import Clock
    from picctv_core.messages import Message


class FakeCamera:
    """What a plugin's node part gets as its camera, in a test.

    A payload goes through the codec as on a real node: one that can't be packed raises `CodecError`, and the messages
    hold what the server would read (lists for tuples).

    Args:
        data: the plugin's own directory; made where it is not there. pytest's ``tmp_path`` serves.
        clock: the time; a `FakeClock` where not given.
        video: the shape of the video; None for a camera that has not given a picture yet. It may be set later.
        analysis: size and rate of the frames.
        node: the node's name.
        name: the camera's name.
        plugin: the plugin whose messages these are.
        delay_s: for how many seconds something may be in memory only; see `picctv_core.camera.Camera`.

    Attributes:
        messages: everything emitted, in order.
        refused: why emits raised, one line each; a node would have raised the same.
    """

    def __init__(
        self,
        data: Path,
        clock: Clock | None = None,
        video: VideoInfo | None = VideoInfo(640, 480, 10.0),  # noqa: B008 - frozen
        analysis: AnalysisFormat = AnalysisFormat(320, 240, 10.0),  # noqa: B008 - frozen
        *,
        node: str = "node",
        name: str = "camera",
        plugin: str = "plugin",
        delay_s: float = 0.0,
    ) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.id = f"{node}/{name}"
        self.node = node
        self.name = name
        self.title = name.capitalize()
        self.analysis = analysis
        self.clock: Clock = FakeClock() if clock is None else clock
        self.data = data
        self.delay_s = delay_s
        self.video = video
        self.plugin = plugin
        self.messages: list[Message] = []
        self.refused: list[str] = []
        self._lock = threading.Lock()

    def emit(
        self, kind: str, payload: Any, *, captured_at_ns: int | None = None, message_id: str | None = None
    ) -> str:
        """Keep a message, and give its id; one with an id that is there already is the same, and not kept again.

        Raises:
            CodecError: the payload is no plain data, or not what its kind must have.
        """
        at_ns = self.clock.now_ns() if captured_at_ns is None else captured_at_ns
        with self._lock:
            try:
                message = make_message(
                    kind,
                    payload,
                    node=self.node,
                    camera=self.name,
                    plugin=self.plugin,
                    captured_at_ns=at_ns,
                    sequence=len(self.messages),
                    id=message_id,
                )
            except CodecError as error:
                self.refused.append(f"{kind}: {error}")
                raise
            if message.id not in {known.id for known in self.messages if message_id is not None}:
                self.messages.append(message)
        return message.id

    def notify(self, level: str, title: str, text: str = "") -> str:
        """Keep a notification.

        Raises:
            ValueError: there is no such level.
        """
        return self.emit(NOTIFICATION, notification_payload(level, title, text))

    def gap(self, from_ns: int, to_ns: int, cause: str, lost_bytes: int = 0) -> str:
        """Keep a gap."""
        return self.emit(GAP, gap_payload(from_ns, to_ns, cause, lost_bytes), captured_at_ns=from_ns)

    def of_kind(self, kind: str) -> list[Message]:
        """Give the messages of one kind, in order."""
        with self._lock:
            return [message for message in self.messages if message.kind == kind]
