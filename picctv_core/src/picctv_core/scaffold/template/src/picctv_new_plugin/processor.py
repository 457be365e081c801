"""The server part: hears each message of the node part before it is stored, and tells people of long changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from picctv_core.config import Settings
from picctv_core.hookspecs import hookimpl
from picctv_core.messages import EVENT
from pydantic import Field

if TYPE_CHECKING:
    from picctv_core.messages import Message

SECOND = 1_000_000_000


class ProcessorSettings(Settings):
    """``[plugins.new-plugin]`` in ``server.toml``."""

    notify_from_s: float = Field(
        10.0,
        ge=0.0,
        le=86400.0,
        description="How many seconds a change lasts at least for a notification.",
    )


class NewPluginProcessor:
    """Makes a notification of each event that lasted. Each server process makes one object."""

    Settings: ClassVar[type[ProcessorSettings]] = ProcessorSettings

    def __init__(self, settings: ProcessorSettings, store: Any) -> None:
        self._settings = settings

    @hookimpl
    def picctv_process_message(self, message: Message, store: Any) -> None:
        """Notify of an event that is over. Returning None leaves the storing to picctv.

        A message can come twice, after a crash: the store knows it by its id, and keeps one notification.
        """
        if message.kind != EVENT or message.payload["ended_at_ns"] is None:
            return
        seconds = (message.payload["ended_at_ns"] - message.payload["started_at_ns"]) / SECOND
        if seconds >= self._settings.notify_from_s:
            store.notify(message, "info", f"New plugin: {message.camera} changed for {seconds:.0f} s")
