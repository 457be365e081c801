"""The server part: keeps the crossings where the page can count them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picctv_core.errors import CodecError
from picctv_core.hookspecs import hookimpl
from picctv_line_crossing.stored import Crossing

if TYPE_CHECKING:
    from picctv_core.messages import Message


class CrossingProcessor:
    """Stores each crossing as a document of its own."""

    def __init__(self, settings: Any, store: Any) -> None:  # noqa: ARG002 - as every processor is made
        Crossing.ensure_indexes()

    @hookimpl
    def picctv_process_message(self, message: Message) -> bool | None:
        """Store a crossing under the id of its message; the same message again changes nothing.

        Raises:
            CodecError: the payload is not that of a crossing.
        """
        if message.kind != "crossing":
            return None
        payload = message.payload if isinstance(message.payload, dict) else {}
        line, direction = payload.get("line"), payload.get("direction")
        if not isinstance(line, str) or not isinstance(direction, str) or not line or not direction:
            raise CodecError(f"the crossing {message.id} has no line or no direction")
        Crossing(
            id=message.id,
            camera=message.camera,
            line=line,
            direction=direction,
            at_ns=message.captured_at_ns,
        ).save()
        return True

    @hookimpl
    def picctv_expire(self, before: int) -> None:
        """Forget crossings that are older than a time."""
        Crossing.objects(at_ns__lt=before).delete()
