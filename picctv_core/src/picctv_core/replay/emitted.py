"""What replayed plugins emit: it goes to the replay, where a node would keep it for the server."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picctv_core import codec
from picctv_core.messages import EVENT, Message
from picctv_core.node.losses import span_of

if TYPE_CHECKING:
    from picctv_core.frames import AnalysisFormat

NODE = "replay"
NAME = "video"


@dataclass(frozen=True)
class ReplayedCamera:
    """What plugins may know of the camera that a file stands for.

    Attributes:
        title: what people call it: the file's name.
        analysis: size and rate of the frames.
        name: its name on its node.
    """

    title: str
    analysis: AnalysisFormat
    name: str = NAME


class Emitted:
    """Takes messages in place of a node's spool, from any thread.

    Ids count up where a node's are random, so that two replays emit the same. Messages wait until somebody takes them:
    what goes wrong in writing them is no fault of the plugin that emits.

    Args:
        plugin: whose messages are kept; those of the others are checked, and forgotten.
    """

    delay_s = 0.0

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._waiting: deque[Message] = deque()
        self._sent = 0
        self._events: dict[str, str] = {}
        self._lock = threading.Lock()

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
        """Take a message as a spool would, and give its id; not the one that was asked for, which is another each time.

        Raises:
            CodecError: the payload is no plain data, or not what its kind must have.
        """
        del message_id
        span_of(kind, payload, captured_at_ns)  # raises for a payload that its kind must not have
        sent = codec.unpack(codec.pack(payload))
        with self._lock:
            if kind == EVENT and "event_id" in sent:
                sent["event_id"] = self._events.setdefault(sent["event_id"], f"{len(self._events):032x}")
            number, self._sent = self._sent, self._sent + 1
            message = Message(f"{number:032x}", NODE, camera, plugin, kind, captured_at_ns, number, sent)
            if plugin == self._plugin:
                self._waiting.append(message)
        return message.id

    def take(self) -> Message | None:
        """Give the oldest message that waits; None where none does."""
        return self._waiting.popleft() if self._waiting else None
