"""What several server processes agree on: who does what all of them could do, and what people have been told of."""

from __future__ import annotations

import mongoengine as me

from picctv_server.models.base import described


class Lease(me.Document):
    """Who does something that is one process's business at a time; see `picctv_server.leases`.

    Attributes:
        id: what it is about.
        holder: the process.
        until: when it is anybody's again, by MongoDB's own clock.
    """

    id = me.StringField(primary_key=True)
    holder = me.StringField()
    until = me.DateTimeField()

    meta = described("leases")


class Alarm(me.Document):
    """Something that is wrong, and that people have been told of; see `picctv_server.alarms`.

    Attributes:
        id: what it is about.
        episode: names this time of its being wrong.
        since_ns: since when.
        told: whether its notification is stored.
    """

    id = me.StringField(primary_key=True)
    episode = me.StringField()
    since_ns = me.LongField()
    told = me.BooleanField(default=False)

    meta = described("alarms")
