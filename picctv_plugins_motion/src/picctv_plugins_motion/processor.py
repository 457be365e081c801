"""The server part of motion: it keeps what moved minute by minute and where, and people hear of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import EVENT, RESULTS
from picctv_plugins_motion.minutes import MINUTE_NS, parts
from picctv_plugins_motion.reports import ZONES, Event, Results, Zones, read
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
    """Keeps minutes and events of motion and the cameras' zones, and notifies of each event that is over.

    Results and events as they came are stored by the server.
    """

    Settings: ClassVar[type[ProcessorSettings]] = ProcessorSettings

    def __init__(self, settings: ProcessorSettings, store: Any) -> None:
        # Deferred, as in all of this class: a node has this module too, and none of the server's.
        from picctv_plugins_motion.models import DOCUMENTS

        self._settings = settings
        self._store = store
        for document in DOCUMENTS:
            document.ensure_indexes()

    @hookimpl
    def picctv_process_message(self, message: Message, store: Any) -> bool | None:
        """Keep what a message says.

        All of it is keyed on the message: the same one again, at this server or at another, changes nothing.

        Raises:
            CodecError: it is not of its kind's form.
        """
        from picctv_plugins_motion import keeping

        if message.kind == ZONES:
            keeping.tell_zones(message, read(message, Zones))
            return True
        if message.kind == RESULTS:
            for minute_ns, part in parts(read(message, Results).items).items():
                keeping.add_part(message, minute_ns, part)
        if message.kind == EVENT:
            event = read(message, Event)
            if event.ended_at_ns is not None:
                keeping.keep_event(message, event)
                self._notify(message, (event.ended_at_ns - event.started_at_ns) / SECOND, store)
        return None

    @hookimpl
    def picctv_expire(self, before: int) -> None:
        """Forget minutes and events that ended before a time."""
        from picctv_plugins_motion.models import MotionEvent, MotionMinute

        MotionMinute.objects(minute_ns__lte=before - MINUTE_NS).delete()
        MotionEvent.objects(ended_at_ns__lt=before).delete()

    def _notify(self, message: Message, seconds: float, store: Any) -> None:
        """Notify of an event that is over, if it was long enough.

        The store keys notifications on the message, and only one message says that an event is over: processing it
        again makes no second one.
        """
        if self._settings.notify and seconds >= self._settings.notify_from_s:
            store.notify(message, "info", f"Motion at {_title(message.camera)}, {duration(seconds)}")


def _title(camera_id: str) -> str:
    """Give what people call a camera; its id while it is not known."""
    # Deferred: only the server part may know the server's models, and only while it runs in a server.
    from picctv_server.models import Camera

    camera = Camera.objects(id=camera_id).only("title").first()
    return str(camera.title) if camera is not None and camera.title else camera_id
