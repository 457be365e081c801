"""Who is there: nodes with their cameras and tokens, and the server processes."""

from __future__ import annotations

import datetime as dt

import mongoengine as me

from picctv_server.models.base import described

OFFLINE_AFTER = dt.timedelta(seconds=30)
"""A node says something every few seconds; one that was silent for this long is away."""


class Node(me.Document):
    """A machine with cameras, as it last spoke of itself.

    Attributes:
        name: the node's name.
        version: of its picctv-core.
        last_seen_at: when it last said anything.
        status: the rest of its newest status, ``{"at_ns", "spool": {...}, "machine": {...}}`` as on the wire.
        confirmed_at: what was stored before, it has forgotten, and won't send again; None where that is not known.
    """

    name = me.StringField(primary_key=True)
    version = me.StringField(default="")
    last_seen_at = me.DateTimeField()
    status = me.DictField()
    confirmed_at = me.DateTimeField()

    meta = described("nodes", ordering="name")

    def online(self, now: dt.datetime | None = None) -> bool:
        """Say whether the node was heard of lately."""
        return _lately(self.last_seen_at, now)


class Camera(me.Document):
    """A camera, as its node last spoke of it.

    Attributes:
        id: ``node/camera``.
        node: its node's name.
        title: what people call it.
        state: ``running``, ``connecting``, ``failed`` or ``ended``, as the node said; see `online`.
        detail: why, where there is something to say.
        width: columns of its video, 0 while unknown.
        height: rows of its video, 0 while unknown.
        rate: nominal pictures a second, 0 while unknown.
        plugins: how the plugins do on it, ``{name: {"status", "detail", "distribution", "version", "isolation", "uses",
            "restarts", "memory_bytes", "health", "counts", "timing"}}``; ``health`` is what the plugin said of itself.
        last_seen_at: when its node last spoke of it.
        picture: its newest picture, JPEG.
        picture_at_ns: when that was captured.
    """

    id = me.StringField(primary_key=True)
    node = me.StringField()
    title = me.StringField(default="")
    state = me.StringField(default="")
    detail = me.StringField(default="")
    width = me.IntField(default=0)
    height = me.IntField(default=0)
    rate = me.FloatField(default=0.0)
    plugins = me.DictField()
    last_seen_at = me.DateTimeField()
    picture = me.BinaryField()
    picture_at_ns = me.LongField()

    meta = described("cameras", ("node",), ordering="id")

    def online(self, now: dt.datetime | None = None) -> bool:
        """Say whether the camera's node was heard of lately; if not, `state` is what it was then."""
        return _lately(self.last_seen_at, now)


class NodeToken(me.Document):
    """What a node shows to be let in; the secret itself is nowhere but on the node.

    Attributes:
        sha256: of the secret, hexadecimal.
        node: the node's name.
        created_at: when it was made.
        revoked_at: when it was taken back; None while it is good.
    """

    sha256 = me.StringField(primary_key=True)
    node = me.StringField()
    created_at = me.DateTimeField()
    revoked_at = me.DateTimeField()

    meta = described("node_tokens", ("node", "created_at"))


class ServerStatus(me.Document):
    """A server process, as it last spoke of itself; it does so about every ten seconds.

    Attributes:
        id: ``host:port`` of the process.
        name: what the server calls itself; several processes may have one name.
        version: of its picctv-server.
        last_seen_at: when it last said anything. What was silent for a day is forgotten.
        away: why it can't store something at the moment, for example a full disk; empty where it can.
        plugins: how the plugins' server parts do in it, each with all of these keys: ``{name: {"status", "detail",
            "distribution", "version", "health", "calls", "failures", "ms_mean", "ms_p50", "ms_p95", "ms_max"}}``.
            ``status`` is a `picctv_core.plugins.Status`; ``health`` is what `picctv_health` said, a dict; ``calls`` and
            ``failures`` count the calls of its other hooks since the start; the milliseconds are those of the newest 500
            of them, None where there was none. A plugin that the settings name and nobody brings is in it too, its
            distribution and version empty.
    """

    id = me.StringField(primary_key=True)
    name = me.StringField()
    version = me.StringField(default="")
    last_seen_at = me.DateTimeField()
    away = me.StringField(default="")
    plugins = me.DictField()

    meta = described(
        "server_statuses", {"fields": ["last_seen_at"], "expireAfterSeconds": 24 * 3600}, ordering="id"
    )

    def online(self, now: dt.datetime | None = None) -> bool:
        """Say whether the server was heard of lately."""
        return _lately(self.last_seen_at, now)


def _lately(seen: dt.datetime | None, now: dt.datetime | None) -> bool:
    return seen is not None and (now or dt.datetime.now(dt.UTC)) - seen < OFFLINE_AFTER
