"""The server part of motion: people hear of it when something moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import EVENT
from picctv_plugins_motion.text import duration

if TYPE_CHECKING:
    from picctv_core.messages import Message

SECOND = 1_000_000_000


class ProcessorSettings(Settings):
    """The settings of the motion plugin's server part."""

    notify: bool = Field(True, description="Whether motion makes notifications.")
    notify_from_s: float = Field(
        1.0, ge=0.0, le=3600.0, description="How many seconds motion has to last to be worth a notification."
    )


class MotionProcessor:
    """Makes a notification of each event that is over. Events and results themselves are stored by the server."""

    Settings: ClassVar[type[ProcessorSettings]] = ProcessorSettings

    def __init__(self, settings: ProcessorSettings, store: Any) -> None:
        self._settings = settings
        self._store = store

    @hookimpl
    def picctv_process_message(self, message: Message, store: Any) -> None:
        """Notify of an event that is over and long enough; the server goes on as it would without us.

        The store keys notifications on the message, and only one message says that an event is over: processing it
        again makes no second one.
        """
        if message.kind != EVENT or not self._settings.notify or not isinstance(message.payload, dict):
            return
        started_at_ns, ended_at_ns = (message.payload.get(key) for key in ("started_at_ns", "ended_at_ns"))
        # A payload of another form is refused, with its reason, by the server when it stores the event.
        if not isinstance(started_at_ns, int) or not isinstance(ended_at_ns, int):
            return
        seconds = (ended_at_ns - started_at_ns) / SECOND
        if seconds >= self._settings.notify_from_s:
            store.notify(message, "info", f"Motion at {_title(message.camera)}, {duration(seconds)}")


def _title(camera_id: str) -> str:
    """Give what people call a camera; its id while it is not known."""
    # Deferred: only the server part may know the server's models, and only while it runs in a server.
    from picctv_server.models import Camera

    camera = Camera.objects(id=camera_id).only("title").first()
    return str(camera.title) if camera is not None and camera.title else camera_id
