"""Messages as a node would send them, for tests of processors and pages."""

from __future__ import annotations

from typing import Any

from picctv_core import codec
from picctv_core.messages import Message, new_id
from picctv_core.node.losses import span_of
from picctv_core.testing.scenes import START_NS


def make_message(
    kind: str,
    payload: Any,
    *,
    plugin: str = "plugin",
    node: str = "node",
    camera: str = "camera",
    captured_at_ns: int = START_NS,
    sequence: int = 0,
    id: str | None = None,  # noqa: A002 - the name that it has in a message
) -> Message:
    """Make a message as the server gets it: its payload has gone through the codec.

    Args:
        kind: what the payload is; see `picctv_core.messages`.
        payload: plain data, numpy arrays included.
        plugin: who sent it; empty for picctv itself.
        node: the node's name.
        camera: the camera's name on its node; empty when the message is about the node itself.
        captured_at_ns: the time that it speaks of, UTC nanoseconds since the epoch.
        sequence: its number among the node's messages.
        id: its id; a new one where not given. The same id twice is the same message, sent twice.

    Raises:
        CodecError: the payload is no plain data, or not what its kind must have.
    """
    span_of(kind, payload, captured_at_ns)  # raises for a payload that its kind must not have
    sent = codec.unpack(codec.pack(payload))
    full = f"{node}/{camera}" if camera else ""
    return Message(id or new_id(), node, full, plugin, kind, captured_at_ns, sequence, sent)
