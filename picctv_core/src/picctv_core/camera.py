"""What a plugin's node part sees of its camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from picctv_core.clock import Clock
    from picctv_core.frames import AnalysisFormat, VideoInfo


class Camera(Protocol):
    """One camera, as its plugins see it. Everything here may be used from any thread.

    Attributes:
        id: ``node/camera``, unique in the network.
        node: the node's name.
        name: the camera's name on its node.
        title: what people call it.
        analysis: size and rate of the frames that analyzers get.
        clock: the time; never ask the operating system for it.
        data: a directory on the node that is this plugin's and this camera's own; it exists.
        delay_s: for how many seconds after its capture something may be in the node's memory only, also in the plugin's own;
            0 where everything is to be on the disk (`spool.durability`).
    """

    id: str
    node: str
    name: str
    title: str
    analysis: AnalysisFormat
    clock: Clock
    data: Path
    delay_s: float

    @property
    def video(self) -> VideoInfo | None:
        """Give the shape of the video stream; None until the camera gave its first picture."""
        ...

    def emit(
        self, kind: str, payload: Any, *, captured_at_ns: int | None = None, message_id: str | None = None
    ) -> str:
        """Send a message to the server.

        It reaches the store exactly once, or stands there as a gap with its cause. With the node's
        ``spool.durability = "always"`` the message is on the node's disk when this returns: neither a kill nor a power cut
        loses it. With ``"on-delay"`` it is in the node's memory, and on the disk unless the server has acknowledged it
        `delay_s` after its capture: what is older than that, by `captured_at_ns`, is on the disk when this returns. A kill
        or a power cut then costs at most so many seconds, and the next start tells of them as a gap of the camera.

        Args:
            kind: what the payload is; the plugin's own server part gets it under this name.
            payload: plain data, numpy arrays included.
            captured_at_ns: the time that it speaks of; now, where not given.
            message_id: 32 hexadecimal digits as `picctv_core.messages.new_id` makes them, for what a plugin may emit
                a second time after a crash: one id is one message, the first that came. A new one, where not given.

        Returns:
            The message's id.

        Raises:
            CodecError: the payload is no plain data.
            SpoolError: the node can't keep it (a full disk).
        """
        ...

    def notify(self, level: str, title: str, text: str = "") -> str:
        """Send a line for people; the level is ``info``, ``warning`` or ``error``. Durable as `emit` is."""
        ...

    def gap(self, from_ns: int, to_ns: int, cause: str, lost_bytes: int = 0) -> str:
        """Say that something of this plugin is missing from one time to another, and why. Durable as `emit` is."""
        ...
