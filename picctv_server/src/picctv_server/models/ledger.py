"""What was taken in, what was set aside, what was said to people, and what is missing."""

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


class SetAside(me.Document):
    """A message that its plugin's server part failed with. It is kept whole, and can be processed again.

    Attributes:
        id: the message's.
        node: the node's name.
        camera: ``node/camera``, or empty.
        plugin: who sent it; empty for picctv itself.
        kind: what the payload is.
        captured_at_ns: the time that it speaks of.
        sequence: counts the node's messages.
        payload: packed; None where it is too large for here: then it is the payload named ``id:aside``.
        payload_bytes: how large the packed payload is.
        distribution: that brought the server part which failed.
        version: of that distribution.
        error: what it raised, in one line.
        traceback: where it came from.
        tries: how often it was tried in all.
        server: what the server calls itself that tried last.
        set_aside_at: when it was set aside.
        failed_at: when it failed last.
        again_asked_at: when somebody asked for it to be processed again; None where nobody did since it failed last.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    camera = me.StringField(default="")
    plugin = me.StringField(default="")
    kind = me.StringField()
    captured_at_ns = me.LongField()
    sequence = me.LongField()
    payload = me.BinaryField()
    payload_bytes = me.LongField(default=0)
    distribution = me.StringField(default="")
    version = me.StringField(default="")
    error = me.StringField(default="")
    traceback = me.StringField(default="")
    tries = me.IntField(default=0)
    server = me.StringField(default="")
    set_aside_at = me.DateTimeField()
    failed_at = me.DateTimeField()
    again_asked_at = me.DateTimeField()

    meta = described(
        "set_aside", ("plugin", "-set_aside_at", "-id"), ("-set_aside_at", "-id"), ("again_asked_at",)
    )

    @property
    def payload_name(self) -> str:
        """Give the name that its payload has where it is kept apart."""
        return f"{self.id}:aside"


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
