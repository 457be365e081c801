"""What was taken in, what was said to people, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mongoengine as me

from picctv_server.models.base import described, moment

if TYPE_CHECKING:
    import datetime as dt


class Message(me.Document):
    """A message that is stored: it is never stored again.

    Attributes:
        id: unique over all nodes and all time.
        node: the node's name.
        camera: ``node/camera``, or empty.
        plugin: who sent it; empty for picctv itself.
        kind: what the payload is.
        captured_at_ns: the time that it speaks of.
        sequence: counts the node's messages.
        stored_at: when it was.
        payload: packed, where the message is stored as it is; else None.
        payload_apart: whether it is stored as it is, but too large for here: then the payload has the message's id.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    camera = me.StringField(default="")
    plugin = me.StringField(default="")
    kind = me.StringField()
    captured_at_ns = me.LongField()
    sequence = me.LongField()
    stored_at = me.DateTimeField()
    payload = me.BinaryField()
    payload_apart = me.BooleanField(default=False)

    meta = described("messages", ("camera", "plugin", "kind", "-captured_at_ns"), ("stored_at",))


class Notification(me.Document):
    """A line for people.

    Attributes:
        id: of the message that brought it, or derived from the one that it was made for.
        node: the node that it is about.
        camera: ``node/camera``, or empty when it is about the node itself.
        plugin: who says it; empty for picctv itself.
        level: ``info``, ``warning`` or ``error``.
        title: the line.
        text: more, where there is more.
        at_ns: the time that it speaks of.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    camera = me.StringField(default="")
    plugin = me.StringField(default="")
    level = me.StringField()
    title = me.StringField()
    text = me.StringField(default="")
    at_ns = me.LongField()

    meta = described("notifications", ("-at_ns", "-id"), ("camera", "-at_ns"))

    @property
    def at(self) -> dt.datetime:
        """Give its time as a datetime, for people."""
        return moment(self.at_ns)


class Gap(me.Document):
    """A stretch of time for which something is missing.

    Attributes:
        id: of the message that told of it.
        node: the node that it happened on.
        camera: ``node/camera``, or empty when it is about the node itself.
        plugin: whose data is missing; empty for picctv itself.
        from_ns: its beginning.
        to_ns: its end.
        cause: why.
        bytes: how much is missing, where that is known; else 0.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    camera = me.StringField(default="")
    plugin = me.StringField(default="")
    from_ns = me.LongField()
    to_ns = me.LongField()
    cause = me.StringField()
    bytes = me.LongField(default=0)

    meta = described("gaps", ("camera", "-from_ns"), ("-from_ns",))
