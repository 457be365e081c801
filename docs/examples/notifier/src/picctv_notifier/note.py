"""A notification as it is sent."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from picctv_server.models import Notification

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Note:
    """What is taken from a `picctv_server.models.Notification`, so that no thread needs the database.

    Attributes:
        id: the notification's; a receiver that knows it already has it twice.
        level: ``info``, ``warning`` or ``error``.
        title: the line.
        text: more, where there is more.
        node: the node that it is about.
        camera: ``node/camera``; empty when it is about the node itself.
        plugin: who says it; empty for picctv itself.
        at_ns: the time that it speaks of, UTC nanoseconds since the epoch.
        held_back: how many of the same camera were not sent since the last one that was.
    """

    id: str
    level: str
    title: str
    text: str
    node: str
    camera: str
    plugin: str
    at_ns: int
    held_back: int = 0

    @property
    def at(self) -> dt.datetime:
        """Its time, to the microsecond."""
        seconds, rest_ns = divmod(self.at_ns, SECOND)
        return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(microsecond=rest_ns // 1000)

    def as_json(self) -> dict[str, Any]:
        """Give what a webhook gets."""
        return {
            "id": self.id,
            "level": self.level,
            "title": self.title,
            "text": self.text,
            "node": self.node,
            "camera": self.camera,
            "plugin": self.plugin,
            "at": self.at.isoformat(timespec="milliseconds"),
            "at_ns": self.at_ns,
            "held_back": self.held_back,
        }

    def as_text(self) -> str:
        """Give what stands below the title in a chat or a mail."""
        lines = [self.text] if self.text else []
        lines.append(f"{self.camera or self.node}, {self.at.astimezone():%Y-%m-%d %H:%M:%S %Z}")
        if self.held_back:
            lines.append(f"{self.held_back} more of this camera were held back before.")
        return "\n".join(lines)


def of(notification: Notification) -> Note:
    """Take what is sent out of a notification."""
    return Note(
        id=notification.id,
        level=notification.level,
        title=notification.title,
        text=notification.text or "",
        node=notification.node or "",
        camera=notification.camera or "",
        plugin=notification.plugin or "",
        at_ns=notification.at_ns,
    )
